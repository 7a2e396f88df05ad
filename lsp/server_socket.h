// The Unix socket that a daemon listens on: found by its path, safe from other users, and owned by
// one daemon at a time.
//
// The owner holds a lock on the file PATH.lock, which also holds its process id, for as long as it
// lives. Whoever has the lock may remove a socket that nobody listens on any more. The lock's file
// stays when the daemon goes: removing it would let two daemons hold locks on two files of one
// name. If somebody else removes the socket, the owner makes it anew as long as the lock is its
// own; if the lock's file is gone too, another daemon may have the place by now, and is left alone.
//
// Threads: any; one object belongs to one.

#pragma once

#include <cstdint>
#include <filesystem>
#include <variant>

#include "engine/base/result.h"

namespace fathom::lsp {

/// $XDG_RUNTIME_DIR/fathom/fathom.sock, or /tmp/fathom-UID/fathom.sock without that folder.
std::filesystem::path default_socket_path();

/// Makes the folder of default_socket_path() if it is not there.
/// Errors: io (it cannot be made; it is a link, somebody else's, or open to others).
Status make_socket_folder();

/// Another daemon serves there.
struct RunningServer {
  int64_t pid = 0;  // 0: it has only just started
};

class ServerSocket final {
 public:
  using Claim = std::variant<ServerSocket, RunningServer>;

  /// Listens at `path`, which is made with mode 0600; removes what an earlier daemon left there.
  /// Errors: io (no such folder, no right to write, a file that is no socket, somebody listens who
  /// is no daemon), invalid_argument (the path is too long for a socket).
  static Result<Claim> claim(const std::filesystem::path& path);

  ServerSocket(ServerSocket&& other) noexcept;
  ServerSocket& operator=(ServerSocket&&) = delete;
  /// As refuse(), and lets another daemon have its place.
  ~ServerSocket();

  enum class Place { ours, restored, lost };
  /// Looks whether the socket is still there, and makes it anew if it was removed: then it is
  /// another descriptor(). Lost: nobody finds this daemon any more.
  Place keep();

  /// Removes the socket: nobody can connect any more.
  void refuse();

  /// Listening. Stays this object's.
  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  /// What a path names; two of one file are equal.
  struct FileId {
    uint64_t device = 0;
    uint64_t inode = 0;
    bool operator==(const FileId&) const = default;
  };

  ServerSocket(std::filesystem::path path, int lock, int descriptor);
  static FileId id_of(const std::filesystem::path& path);
  bool has_lock() const;

  std::filesystem::path path_;
  int lock_ = -1;
  int descriptor_ = -1;
  FileId id_;  // of the socket that this object has made
  bool refuses_ = false;
};

/// A connection as two descriptors, for what reads and for what writes. They are the holder's.
struct ServerPeer {
  int input = -1;
  int output = -1;
};

/// Connects to a daemon of this user. Never waits.
/// Errors: not_found (nobody listens there), io (the daemon is too busy, or this process has too
/// many files open), corrupt (whoever listens there is another user), invalid_argument (as
/// claim()).
Result<ServerPeer> connect_to_server(const std::filesystem::path& path);

/// Whether the process at the other end of a connected Unix socket runs for the same user.
bool is_peer_ours(int descriptor);

}  // namespace fathom::lsp
