#include "lsp/daemon_client.h"

#include <array>
#include <functional>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/framing.h"
#include "lsp/json_text.h"
#include "lsp/message.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Long enough that no test waits for it.
constexpr std::chrono::milliseconds kLong = 60s;

/// A daemon that says what a test wants: bytes for each message that comes. It hangs up where the
/// script gives nothing.
class ScriptedDaemon final {
 public:
  using Script = std::function<std::optional<std::string>(const Json& message)>;

  ScriptedDaemon(const std::filesystem::path& path, Script script)
      : acceptor_(io_, asio::local::stream_protocol::endpoint(path.string())),
        thread_([this, script = std::move(script)] { serve(script); }) {}

 private:
  void serve(const Script& script) {
    asio::local::stream_protocol::socket socket(io_);
    acceptor_.accept(socket);
    FrameReader frames;
    std::array<char, 4096> buffer{};
    boost::system::error_code error;
    while (true) {
      const size_t n_bytes = socket.read_some(asio::buffer(buffer), error);
      if (error) return;
      frames.push({buffer.data(), n_bytes});
      while (const std::optional<Frame> next = frames.next()) {
        const std::optional<std::string> said = script(parse_json(std::get<std::string>(*next)));
        if (!said) return;
        asio::write(socket, asio::buffer(*said), error);
      }
    }
  }

  asio::io_context io_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::jthread thread_;
};

std::string framed(const Json& message) { return frame(to_text(message)); }

class DaemonClientTest : public testing::Test {
 protected:
  /// Answers initialize, and the rest by `script`.
  void serve(ScriptedDaemon::Script script) {
    daemon_.emplace(
        path_, [script = std::move(script)](const Json& message) -> std::optional<std::string> {
          const MessageHead head = read_head(message);
          if (head.method == "initialize") return framed(result_message(*head.id, {{"ok", true}}));
          return script(message);
        });
  }

  test::TempDir folder_;
  const std::filesystem::path path_ = folder_.path() / "socket";
  std::optional<ScriptedDaemon> daemon_;
};

TEST_F(DaemonClientTest, GivesTheResultOfItsRequestAndSkipsWhatElseTheDaemonSays) {
  serve([](const Json& message) -> std::optional<std::string> {
    const MessageHead head = read_head(message);
    if (head.kind == MessageKind::response) return "";
    return framed(notification_message("window/logMessage", {{"message", "hello"}})) +
           framed(request_message(99, "window/workDoneProgress/create", Json::object())) +
           framed(result_message(*head.id, params_of(message)));
  });
  auto client = DaemonClient::open(path_, kLong);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(client->initialized(), R"({"ok":true})");
  EXPECT_EQ(client->request("echo", R"({"a":1})", kLong), R"({"a":1})");
  EXPECT_EQ(client->request("echo", R"({"a":2})", kLong), R"({"a":2})");
}

TEST_F(DaemonClientTest, RepeatsTheDaemonsWordsOfRefusal) {
  serve([](const Json& message) -> std::optional<std::string> {
    return framed(error_message(message.at("id"), RpcError::method_not_found, "never heard of"));
  });
  auto client = DaemonClient::open(path_, kLong);
  ASSERT_TRUE(client) << client.error().message;
  const auto answer = client->request("what", "{}", kLong);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(answer.error().message, "what: never heard of");
}

TEST_F(DaemonClientTest, SaysThatNobodyListens) {
  const auto client = DaemonClient::open(path_, kLong);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::not_found);
}

TEST_F(DaemonClientTest, RefusesAPathThatNoSocketCanHave) {
  const auto client = DaemonClient::open("/tmp/" + std::string(200, 'x'), kLong);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::invalid_argument);
}

TEST_F(DaemonClientTest, GivesUpOnADaemonThatSaysNothing) {
  serve([](const Json&) -> std::optional<std::string> { return ""; });
  auto client = DaemonClient::open(path_, kLong);
  ASSERT_TRUE(client) << client.error().message;
  const auto answer = client->request("what", "{}", 10ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::io);
  EXPECT_NE(answer.error().message.find("in time"), std::string::npos) << answer.error().message;
}

TEST_F(DaemonClientTest, SaysThatTheConnectionBroke) {
  serve([](const Json&) { return std::optional<std::string>(); });
  auto client = DaemonClient::open(path_, kLong);
  ASSERT_TRUE(client) << client.error().message;
  const auto answer = client->request("what", "{}", kLong);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::io);
}

TEST_F(DaemonClientTest, DoesNotTrustWhatIsNoMessage) {
  serve(
      [](const Json&) -> std::optional<std::string> { return "HTTP/1.1 400 Bad Request\r\n\r\n"; });
  auto client = DaemonClient::open(path_, kLong);
  ASSERT_TRUE(client) << client.error().message;
  const auto answer = client->request("what", "{}", kLong);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace fathom::lsp
