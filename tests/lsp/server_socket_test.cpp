#include "lsp/server_socket.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <variant>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lsp/socket_client.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

namespace fs = std::filesystem;

/// XDG_RUNTIME_DIR for one test.
class RuntimeDir final {
 public:
  explicit RuntimeDir(const fs::path& path) {
    if (const char* before = std::getenv("XDG_RUNTIME_DIR")) before_ = before;
    ::setenv("XDG_RUNTIME_DIR", path.c_str(), 1);
  }
  RuntimeDir(const RuntimeDir&) = delete;
  RuntimeDir& operator=(const RuntimeDir&) = delete;
  ~RuntimeDir() {
    before_.empty() ? ::unsetenv("XDG_RUNTIME_DIR")
                    : ::setenv("XDG_RUNTIME_DIR", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

/// A socket that somebody listens on; nobody from listener.close() on, but its file stays.
struct Listener {
  explicit Listener(const fs::path& path) : fd(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    is_listening = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                   ::listen(fd, 1) == 0;
  }
  ~Listener() { close(); }
  void close() {
    if (fd != -1) ::close(std::exchange(fd, -1));
  }

  int fd;
  bool is_listening = false;
};

TEST(ServerSocket, IsReachedByItsOwnerAlone) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  const auto claim = ServerSocket::claim(path);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_TRUE(is_peer_ours(std::get<ServerSocket>(*claim).descriptor()));
}

TEST(ServerSocket, HasOneOwnerAtATime) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  {
    const auto first = ServerSocket::claim(path);
    ASSERT_TRUE(first);
    const auto second = ServerSocket::claim(path);
    ASSERT_TRUE(second);
    ASSERT_TRUE(std::holds_alternative<RunningServer>(*second));
    EXPECT_EQ(std::get<RunningServer>(*second).pid, ::getpid());
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
  const auto third = ServerSocket::claim(path);
  ASSERT_TRUE(third);
  EXPECT_TRUE(std::holds_alternative<ServerSocket>(*third));
}

TEST(ServerSocket, TakesThePlaceOfADaemonThatDied) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  Listener dead(path);
  ASSERT_TRUE(dead.is_listening);
  dead.close();
  ASSERT_TRUE(fs::exists(path));
  const auto claim = ServerSocket::claim(path);
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_TRUE(std::holds_alternative<ServerSocket>(*claim));
}

TEST(ServerSocket, LeavesWhatIsNotItsOwnAlone) {
  const test::TempDir folder;
  const fs::path busy = folder.path() / "busy";
  const Listener stranger(busy);
  ASSERT_TRUE(stranger.is_listening);
  EXPECT_FALSE(ServerSocket::claim(busy));
  EXPECT_TRUE(fs::exists(busy));

  const fs::path file = folder.path() / "file";
  std::ofstream(file) << "text";
  EXPECT_FALSE(ServerSocket::claim(file));
  EXPECT_TRUE(fs::exists(file));
}

TEST(ServerSocket, SaysWhatIsWrongWithItsPath) {
  const auto check = [](const fs::path& path, const std::string& expected) {
    const auto claim = ServerSocket::claim(path);
    ASSERT_FALSE(claim);
    EXPECT_NE(claim.error().message.find(expected), std::string::npos) << claim.error().message;
  };
  check("/nowhere/s", "/nowhere/s");
  check("/tmp/" + std::string(200, 'x'), "longer than 107 bytes");
}

TEST(ServerSocket, NobodyConnectsOnceItRefuses) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  auto claim = ServerSocket::claim(path);
  ASSERT_TRUE(claim);
  SocketClient waiting(path);
  std::get<ServerSocket>(*claim).refuse();
  EXPECT_FALSE(fs::exists(path));
}

TEST(ServerSocket, IsMadeAnewWhereItWasRemoved) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  auto claim = ServerSocket::claim(path);
  ASSERT_TRUE(claim);
  auto& socket = std::get<ServerSocket>(*claim);
  EXPECT_EQ(socket.keep(), ServerSocket::Place::ours);
  fs::remove(path);
  EXPECT_EQ(socket.keep(), ServerSocket::Place::restored);
  EXPECT_EQ(socket.keep(), ServerSocket::Place::ours);
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_TRUE(is_served(path));
  const auto second = ServerSocket::claim(path);
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::holds_alternative<RunningServer>(*second));
}

TEST(ServerSocket, LeavesTheNextOwnerAloneWhereItsLockWasRemovedToo) {
  const test::TempDir folder;
  const fs::path path = folder.path() / "s";
  auto claim = ServerSocket::claim(path);
  ASSERT_TRUE(claim);
  auto& old = std::get<ServerSocket>(*claim);
  fs::remove(path);
  fs::remove(path.string() + ".lock");
  EXPECT_EQ(old.keep(), ServerSocket::Place::lost);
  auto next = ServerSocket::claim(path);
  ASSERT_TRUE(next);
  ASSERT_TRUE(std::holds_alternative<ServerSocket>(*next));
  EXPECT_EQ(old.keep(), ServerSocket::Place::lost);
  old.refuse();
  EXPECT_TRUE(is_served(path));
}

TEST(SocketFolder, IsMadeForItsOwnerAlone) {
  const test::TempDir runtime;
  const RuntimeDir set(runtime.path());
  EXPECT_EQ(default_socket_path(), runtime.path() / "fathom" / "fathom.sock");
  ASSERT_TRUE(make_socket_folder());
  EXPECT_EQ(mode_of(runtime.path() / "fathom"), 0700u);
  EXPECT_TRUE(make_socket_folder());
}

TEST(SocketFolder, IsNotUsedWhereOthersCouldListen) {
  const test::TempDir runtime;
  const RuntimeDir set(runtime.path());
  const fs::path folder = runtime.path() / "fathom";
  fs::create_directory(folder);
  fs::permissions(folder, fs::perms(0755));
  EXPECT_FALSE(make_socket_folder());

  fs::remove(folder);
  const test::TempDir elsewhere;
  fs::create_directory_symlink(elsewhere.path(), folder);
  const Status made = make_socket_folder();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("is not a folder"), std::string::npos);
}

TEST(SocketFolder, IsInTmpWithoutARuntimeFolder) {
  const RuntimeDir set("/nowhere");
  EXPECT_EQ(default_socket_path(),
            fs::path("/tmp/fathom-" + std::to_string(::geteuid())) / "fathom.sock");
}

}  // namespace
}  // namespace fathom::lsp
