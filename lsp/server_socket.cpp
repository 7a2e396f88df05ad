#include "lsp/server_socket.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fathom::lsp {
namespace {

namespace fs = std::filesystem;

/// A descriptor until somebody takes it.
class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ != -1) ::close(fd_);
  }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

tl::unexpected<Error> failed(const char* what, const fs::path& path) {
  return fail(ErrorCode::io, "{}: {}: {}", path.string(), what, std::strerror(errno));
}

/// XDG_RUNTIME_DIR if it is a folder.
std::optional<fs::path> runtime_folder() {
  const char* folder = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  if (folder == nullptr || *folder != '/' || !fs::is_directory(folder, error)) return std::nullopt;
  return fs::path(folder);
}

Result<sockaddr_un> address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path)
    return fail(ErrorCode::invalid_argument,
                "{}: the path of a socket cannot be longer than {} bytes; choose another with "
                "--socket",
                text, sizeof address.sun_path - 1);
  text.copy(address.sun_path, text.size());
  return address;
}

int64_t read_pid(int lock) {
  std::array<char, 24> text{};
  const ssize_t n_bytes = ::pread(lock, text.data(), text.size(), 0);
  int64_t pid = 0;
  if (n_bytes > 0) std::from_chars(text.data(), text.data() + n_bytes, pid);
  return pid;
}

Status write_pid(int lock, const fs::path& path) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return failed("cannot be written", path);
  return {};
}

/// Removes the socket of a daemon that is gone.
Status remove_stale(const fs::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return failed("cannot be looked at", path);
  }
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorCode::io, "{}: this is a file and no socket; remove it or choose another path",
                path.string());
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() == -1) return failed("no socket can be made", path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  // Busy counts as listening.
  if (::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN)
    return fail(ErrorCode::io, "{}: somebody else listens there; choose another path",
                path.string());
  if (::unlink(path.c_str()) != 0) return failed("an old socket cannot be removed", path);
  return {};
}

fs::path lock_of(const fs::path& path) { return path.string() + ".lock"; }

/// Makes a socket at the path, where nothing is, and listens.
Result<int> listen_at(const fs::path& path, const sockaddr_un& address) {
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.get() == -1) return failed("no socket can be made", path);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed("the socket cannot be made", path);
  // Before listen() nobody can connect, so nobody does while others may.
  if (::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), SOMAXCONN) != 0) {
    const auto error = failed("the socket cannot be used", path);
    ::unlink(path.c_str());
    return error;
  }
  return listener.release();
}

}  // namespace

fs::path default_socket_path() {
  const std::optional<fs::path> runtime = runtime_folder();
  const fs::path folder =
      runtime ? *runtime / "fathom" : fs::path(fmt::format("/tmp/fathom-{}", ::geteuid()));
  return folder / "fathom.sock";
}

Status make_socket_folder() {
  const fs::path folder = default_socket_path().parent_path();
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("the folder cannot be made", folder);
  // In /tmp anybody may have made it first, to listen to us.
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return failed("cannot be looked at", folder);
  const char* wrong = !S_ISDIR(status.st_mode)       ? "is not a folder"
                      : status.st_uid != ::geteuid() ? "belongs to another user"
                      : (status.st_mode & 0077) != 0 ? "is open to other users (chmod 700)"
                                                     : nullptr;
  if (wrong)
    return fail(ErrorCode::io,
                "{}: {}; nothing private can be put there. Choose another path with "
                "--socket",
                folder.string(), wrong);
  return {};
}

Result<ServerSocket::Claim> ServerSocket::claim(const fs::path& path) {
  FATHOM_TRY(address, address_of(path));
  const fs::path lock_path = lock_of(path);
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() == -1) return failed("cannot be opened", lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("cannot be locked", lock_path);
    return Claim(RunningServer{.pid = read_pid(lock.get())});
  }
  FATHOM_CHECK(write_pid(lock.get(), lock_path));
  FATHOM_CHECK(remove_stale(path, address));
  FATHOM_TRY(listener, listen_at(path, address));
  return Claim(ServerSocket(path, lock.release(), listener));
}

ServerSocket::FileId ServerSocket::id_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

/// Whether the lock that this object holds is the one that others will look at.
bool ServerSocket::has_lock() const {
  struct stat status {};
  if (::fstat(lock_, &status) != 0) return false;
  return id_of(lock_of(path_)) == FileId{.device = status.st_dev, .inode = status.st_ino};
}

ServerSocket::Place ServerSocket::keep() {
  if (id_of(path_) == id_) return Place::ours;
  const Result<sockaddr_un> address = address_of(path_);
  if (!has_lock() || !address || !remove_stale(path_, *address)) return Place::lost;
  const Result<int> listener = listen_at(path_, *address);
  if (!listener) return Place::lost;
  ::close(std::exchange(descriptor_, *listener));
  id_ = id_of(path_);
  return Place::restored;
}

ServerSocket::ServerSocket(fs::path path, int lock, int descriptor)
    : path_(std::move(path)), lock_(lock), descriptor_(descriptor), id_(id_of(path_)) {}

ServerSocket::ServerSocket(ServerSocket&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      id_(other.id_) {}

ServerSocket::~ServerSocket() {
  if (descriptor_ == -1) return;
  refuse();
  ::close(descriptor_);
  ::close(lock_);  // last: from here on another daemon may listen
}

void ServerSocket::refuse() {
  if (std::exchange(refuses_, true)) return;
  if (id_of(path_) == id_) ::unlink(path_.c_str());
  ::shutdown(descriptor_, SHUT_RDWR);  // who waits to be accepted learns that nobody will
}

Result<ServerPeer> connect_to_server(const fs::path& path) {
  FATHOM_TRY(address, address_of(path));
  Descriptor input(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (input.get() == -1) return failed("no socket can be made", path);
  if (::connect(input.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EAGAIN) return failed("the daemon is too busy", path);
    return fail(ErrorCode::not_found, "{}: {}", path.string(), std::strerror(errno));
  }
  if (!is_peer_ours(input.get()))
    return fail(ErrorCode::corrupt, "{}: another user listens there", path.string());
  const int output = ::fcntl(input.get(), F_DUPFD_CLOEXEC, 3);
  if (output == -1) return failed("the connection cannot be used", path);
  return ServerPeer{.input = input.release(), .output = output};
}

bool is_peer_ours(int descriptor) {
  struct ucred peer {};
  socklen_t size = sizeof peer;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

}  // namespace fathom::lsp
