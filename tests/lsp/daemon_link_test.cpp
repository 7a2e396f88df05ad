#include "lsp/daemon_link.h"

#include <optional>
#include <utility>
#include <variant>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

using namespace std::chrono_literals;

class DaemonLinkTest : public testing::Test {
 protected:
  /// What comes of connecting where `program` with `arguments` is the daemon to start.
  Result<ServerPeer> connect(const std::string& program, std::vector<std::string> arguments,
                             std::chrono::milliseconds patience = 60s) {
    EventLoop loop;
    DaemonLink link(
        loop,
        {.socket = socket_,
         .command = {.program = program, .arguments = std::move(arguments), .output = output_},
         .patience = patience},
        log_);
    std::optional<Result<ServerPeer>> found;
    link.connect([&](Result<ServerPeer> peer) {
      found = std::move(peer);
      loop.stop();
    });
    loop.run();
    return std::move(*found);
  }

  static void close(const ServerPeer& peer) {
    ::close(peer.input);
    ::close(peer.output);
  }

  test::TempDir folder_;
  const std::filesystem::path socket_ = folder_.path() / "socket";
  const std::filesystem::path output_ = folder_.path() / "output";
  Log log_;
};

TEST_F(DaemonLinkTest, JoinsTheDaemonThatListensAndStartsNone) {
  const auto daemon = ServerSocket::claim(socket_);
  ASSERT_TRUE(daemon) << daemon.error().message;
  const auto peer = connect("/nonexistent", {});
  ASSERT_TRUE(peer) << peer.error().message;
  close(*peer);
  EXPECT_FALSE(std::filesystem::exists(output_));
}

TEST_F(DaemonLinkTest, WaitsForTheDaemonThatListensWhenItsOwnHasFoundItRunning) {
  // The program makes room for the daemon, which is this process, and leaves as a daemon does that
  // has come second.
  auto daemon = ServerSocket::claim(socket_);
  ASSERT_TRUE(daemon) << daemon.error().message;
  const auto hidden = folder_.path() / "hidden";
  std::filesystem::rename(socket_, hidden);
  const auto peer = connect("/bin/mv", {hidden.string(), socket_.string()});
  ASSERT_TRUE(peer) << peer.error().message;
  close(*peer);
}

TEST_F(DaemonLinkTest, SaysHowTheDaemonEndedAndWhereToLook) {
  const auto peer = connect("/bin/sh", {"-c", "echo no such model; exit 3"});
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::not_found);
  EXPECT_NE(peer.error().message.find("code 3"), std::string::npos) << peer.error().message;
  EXPECT_NE(peer.error().message.find(output_.string()), std::string::npos);
}

TEST_F(DaemonLinkTest, LetsADaemonThatCrashedBeTriedAgain) {
  const auto peer = connect("/bin/sh", {"-c", "kill -9 $$"});
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::io);
}

TEST_F(DaemonLinkTest, GivesUpOnADaemonThatDoesNotListen) {
  const auto peer = connect("/bin/sleep", {"5"}, 30ms);
  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().code, ErrorCode::not_found);
}

TEST_F(DaemonLinkTest, SaysWhatCannotBeStarted) {
  const auto peer = connect("/nonexistent/fathom", {});
  ASSERT_FALSE(peer);
  EXPECT_NE(peer.error().message.find("/nonexistent/fathom"), std::string::npos);
}

TEST_F(DaemonLinkTest, CallsNobodyWhenItIsGone) {
  EventLoop loop;
  {
    DaemonLink link(loop, {.socket = socket_, .command = {}}, log_);
    link.connect([](const Result<ServerPeer>&) { FAIL(); });
  }
  loop.poster()([&] { loop.stop(); });
  loop.run();
}

}  // namespace
}  // namespace fathom::lsp
