// The folders that people work in, indexed in the background and shared by all clients.
//
// Threads: any; open(), close() and file_changed() neither wait nor touch the file system. One
// thread of its own, at low priority, reads and parses. With WorkspacesOptions::threads = false
// that happens inside the calls, for tests.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "completion/workspace/workspace.h"
#include "engine/base/log.h"

namespace fathom::completion {

struct WorkspacesOptions {
  bool threads = true;
  WorkspaceLimits limits;
};

class Workspaces final {
 public:
  /// `log` must outlive this.
  Workspaces(WorkspacesOptions options, Log& log);
  /// Gives up what is being indexed.
  ~Workspaces();
  Workspaces(const Workspaces&) = delete;
  Workspaces& operator=(const Workspaces&) = delete;

  /// One more client works in the folder, an absolute path: it is indexed, if it was not. Paths are
  /// compared as text.
  void open(const std::string& root);
  /// One less; the last one takes the index with it.
  void close(const std::string& root);
  /// A file or folder was written, made or deleted. `path` is absolute.
  void file_changed(const std::string& path);

  /// What a client should watch to tell of every change that counts.
  static std::vector<std::string> watched_globs();

  /// Null if nobody has opened it.
  std::shared_ptr<const Workspace> find(const std::string& root) const;
  /// By root.
  std::vector<WorkspaceState> states() const;
  /// Whether the index was ready in time. Waits, so not for the main thread.
  bool wait_until_ready(const std::string& root, std::chrono::milliseconds timeout) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::completion
