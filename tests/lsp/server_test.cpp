// The daemon with real sockets and threads, in this process: what TSan looks at.

#include "lsp/server.h"

#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "lsp/daemon_client.h"
#include "tests/lsp/socket_client.h"
#include "tests/support/fake_generator.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr const char* kUri = "file:///a.cpp";

struct FakeRuntime {
  explicit FakeRuntime(Log& log)
      : generator({.threads = true}), assistant(generator, log, {.threads = true}) {}

  test::FakeGenerator generator;
  completion::Assistant assistant;
};

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override { stop(); }

  void start(std::vector<test::FakeAnswer> answers = {}, ServerOptions options = {}) {
    for (test::FakeAnswer& answer : answers) runtime_->generator.answer(std::move(answer));
    options.version = "1";
    options.token_file = folder_.path() / "token";
    auto claim = ServerSocket::claim(socket_);
    ASSERT_TRUE(claim) << claim.error().message;
    auto created = Server::create(std::move(std::get<ServerSocket>(*claim)), options,
                                  {.models = models_}, log_);
    ASSERT_TRUE(created) << created.error().message;
    server_ = std::move(*created);
    thread_ = std::jthread([this] { server_->run(); });
    // Loaded before the first client asks.
    std::promise<void> ready;
    models_.when_ready(completion::Role::completion, completion::Reach::this_machine,
                       [&](const auto&) { ready.set_value(); });
    ready.get_future().wait();
  }

  void stop() {
    if (server_) server_->stop();
    wait_for_end();
  }
  void wait_for_end() {
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  test::FakeGenerator& generator() { return runtime_->generator; }

  const test::TempDir folder_;
  const std::filesystem::path socket_ = folder_.path() / "fathom.sock";
  Log log_;
  std::shared_ptr<FakeRuntime> runtime_ = std::make_shared<FakeRuntime>(log_);
  completion::ModelHost models_{
      [this](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
        return completion::LoadedModel{
            .assistant = std::shared_ptr<completion::Assistant>(runtime_, &runtime_->assistant),
            .info = {},
            .file_changed = {}};
      },
      {}};
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

TEST_F(ServerTest, KeepsTheSameFileOfTwoClientsApart) {
  start({{.text = "one;"}, {.text = "two;"}});
  SocketClient first(socket_);
  SocketClient second(socket_);
  EXPECT_EQ(first.open(kUri, "int apple = ")["result"]["serverInfo"]["version"], "1");
  second.open(kUri, "int pear = ");
  EXPECT_EQ(first.answer(first.complete(kUri))["result"]["items"][0]["insertText"], "one;");
  EXPECT_EQ(second.answer(second.complete(kUri))["result"]["items"][0]["insertText"], "two;");
  EXPECT_NE(generator().prompt_text(0).find("apple"), std::string::npos);
  EXPECT_EQ(generator().prompt_text(1).find("apple"), std::string::npos);
}

TEST_F(ServerTest, SaysWhoItsClientsAre) {
  start();
  SocketClient client(socket_);
  client.open(kUri, "int a = ");
  client.answer(client.request("x", Json::object()));  // so that didOpen was handled
  std::promise<DaemonStatus> asked;
  server_->poster()([&] { asked.set_value(server_->status()); });
  const DaemonStatus status = asked.get_future().get();
  EXPECT_EQ(status.pid, ::getpid());
  EXPECT_EQ(status.socket, socket_.string());
  ASSERT_EQ(status.clients.size(), 1u);
  EXPECT_EQ(status.clients[0].name, "test");
  EXPECT_EQ(status.clients[0].version, "7");
  EXPECT_EQ(status.clients[0].n_documents, 1u);
}

TEST_F(ServerTest, AClientThatDiesTakesOnlyItsOwn) {
  start({{.text = "one;", .hold = true}, {.text = "two;"}});
  SocketClient dying(socket_);
  SocketClient staying(socket_);
  dying.open(kUri, "int a = ");
  staying.open(kUri, "int b = ");
  dying.complete(kUri);
  generator().wait_for_started(1);
  const int id = staying.complete(kUri);  // waits behind the one that hangs
  dying.hang_up();
  EXPECT_EQ(staying.answer(id)["result"]["items"][0]["insertText"], "two;");
}

TEST_F(ServerTest, CutsOffWhoSendsNoMessages) {
  start();
  SocketClient garbage(socket_);
  const std::string block(1 << 20, 'x');
  while (garbage.send_bytes(block)) {
  }
  SocketClient client(socket_);
  EXPECT_TRUE(client.open(kUri, "").contains("result"));
}

TEST_F(ServerTest, CutsOffWhoSaysNothing) {
  start({}, {.greeting_time = 20ms});
  SocketClient silent(socket_);
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(ServerTest, ServesOthersWhileOneDoesNotRead) {
  start();
  SocketClient deaf(socket_);
  deaf.open(kUri, "");
  std::string requests;
  for (int i = 0; i < 500; ++i)
    requests += frame(R"({"jsonrpc":"2.0","id":"no","method":"unknown"})");
  deaf.send_until_full(requests);
  SocketClient client(socket_);
  EXPECT_TRUE(client.open(kUri, "").contains("result"));
}

TEST_F(ServerTest, RefusesMoreClientsThanItTakes) {
  start({}, {.max_clients = 1});
  SocketClient first(socket_);
  EXPECT_TRUE(first.open(kUri, "").contains("result"));
  SocketClient second(socket_);
  const Json refused = second.open(kUri, "");
  EXPECT_EQ(refused["error"]["message"], "fathom serves 1 clients already, and no more than that");
  EXPECT_EQ(second.read_to_end(), "");
}

TEST_F(ServerTest, LetsOnlyClientsWithTheTokenInByItsPort) {
  start({}, {.port = 0});
  std::ifstream file(folder_.path() / "token");
  std::string token;
  file >> token;
  EXPECT_EQ(token.size(), 64u);
  struct stat status {};
  ASSERT_EQ(::stat((folder_.path() / "token").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  const auto greet = [&](const Json& options) {
    SocketClient client(server_->port());
    return client.answer(client.request("initialize", {{"initializationOptions", options}}));
  };
  EXPECT_TRUE(greet({{"token", token}}).contains("result"));
  EXPECT_TRUE(greet(Json::object()).contains("error"));
  EXPECT_TRUE(greet({{"token", token.substr(1)}}).contains("error"));
  EXPECT_TRUE(
      greet({{"token", "0" + token.substr(1)}}).contains(token[0] == '0' ? "result" : "error"));
  stop();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "token"));
}

TEST_F(ServerTest, AnswersAtBothLoopbackAddresses) {
  start({}, {.port = 0});
  DaemonPort port{.port = server_->port()};
  std::ifstream(folder_.path() / "token") >> port.token;
  for (const bool ipv6 : {false, true}) {
    port.ipv6 = ipv6;
    const auto client = DaemonClient::open_port(port, 60s);
    if (ipv6 && !client && client.error().code == ErrorCode::not_found)
      GTEST_SKIP() << "this machine has no IPv6";
    EXPECT_TRUE(client) << client.error().message;
  }
  port.token = "guessed";
  const auto stranger = DaemonClient::open_port(port, 60s);
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, ErrorCode::invalid_argument);
}

TEST_F(ServerTest, SaysThatItsPortIsTaken) {
  start({}, {.port = 0});
  auto claim = ServerSocket::claim(folder_.path() / "other.sock");
  ASSERT_TRUE(claim) << claim.error().message;
  const auto second =
      Server::create(std::move(std::get<ServerSocket>(*claim)),
                     {.port = server_->port(), .token_file = folder_.path() / "other.token"},
                     {.models = models_}, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::io);
  EXPECT_NE(second.error().message.find(std::to_string(server_->port())), std::string::npos);
}

TEST_F(ServerTest, IsFoundAgainWhenItsSocketWasRemoved) {
  start({}, {.socket_period = 5ms});
  SocketClient first(socket_);
  EXPECT_TRUE(first.open(kUri, "").contains("result"));
  std::filesystem::remove(socket_);
  while (!std::filesystem::exists(socket_)) std::this_thread::sleep_for(1ms);
  // There is a moment between the file and its listener.
  while (!is_served(socket_)) std::this_thread::sleep_for(1ms);
  SocketClient second(socket_);
  EXPECT_TRUE(second.open(kUri, "").contains("result"));
  EXPECT_TRUE(first.answer(first.complete(kUri)).contains("result"));
}

TEST_F(ServerTest, LeavesWithItsLastClientWhenItsPlaceIsLost) {
  start({}, {.port = 0, .socket_period = 5ms});
  SocketClient client(socket_);
  EXPECT_TRUE(client.open(kUri, "").contains("result"));
  const std::filesystem::path token = folder_.path() / "token";
  std::filesystem::remove(socket_.string() + ".lock");
  std::filesystem::remove(socket_);
  while (std::filesystem::exists(token)) std::this_thread::sleep_for(1ms);  // its doors are closed
  auto next = ServerSocket::claim(socket_);
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_TRUE(std::holds_alternative<ServerSocket>(*next));
  EXPECT_TRUE(client.answer(client.complete(kUri)).contains("result"));
  client.hang_up();
  wait_for_end();
  EXPECT_TRUE(is_served(socket_)) << "the next daemon's socket was removed";
}

TEST_F(ServerTest, LeavesWhenNobodyComes) {
  start({}, {.idle_exit = 20ms});
  wait_for_end();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(ServerTest, AnswersWhatIsInFlightWhenItIsStopped) {
  start({{.text = "one;", .hold = true}});
  SocketClient client(socket_);
  client.open(kUri, "int a = ");
  const int id = client.complete(kUri);
  generator().wait_for_started(1);
  server_->stop();
  EXPECT_EQ(client.answer(id)["error"]["code"], -32800);
  EXPECT_EQ(client.read_to_end(), "");
  wait_for_end();
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(ServerTest, AnswersEveryRequestOfManyClientsAtOnce) {
  constexpr int kClients = 8;
  constexpr int kRequests = 25;
  start();
  std::vector<std::jthread> clients;
  std::vector<int> n_answers(kClients);
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([this, &n = n_answers[size_t(i)]] {
      SocketClient client(socket_);
      client.open(kUri, "int a = ");
      for (int k = 0; k < kRequests; ++k) client.complete(kUri);
      // Answered in the order that they came: each takes the place of the one before.
      for (int id = 2; id < 2 + kRequests; ++id) n += client.answer(id).contains("result") ? 1 : 0;
    });
  }
  clients.clear();
  EXPECT_EQ(n_answers, std::vector<int>(kClients, kRequests));
}

}  // namespace
}  // namespace fathom::lsp
