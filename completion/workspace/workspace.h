// One folder that a person works in, and the index of its files, which readers share with the
// thread that builds and updates it.
//
// Threads: any. Readers hold up the index only while they read.

#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

#include "completion/privacy/secret_finder.h"
#include "completion/workspace/workspace_index.h"

namespace fathom::completion {

struct WorkspaceLimits {
  size_t max_files = 20000;
  size_t max_file_bytes = 512 << 10;
  size_t max_text_bytes = size_t{96} << 20;  // of all files together; the index takes as much again
  int max_build_ms = 60000;
};

/// For status and people.
struct WorkspaceState {
  std::string root;
  bool ready = false;  // built; until then nothing is read from it
  size_t files = 0;
  size_t declarations = 0;
  size_t chunks = 0;
  size_t text_bytes = 0;
  size_t left_out = 0;   // source files that are too large, generated, or over the limits
  bool complete = true;  // false: the limits on files, text or time have cut it
  double ms_build = 0;
};

class Workspace final {
 public:
  Workspace(std::string root, WorkspaceLimits limits) : root_(std::move(root)), limits_(limits) {}

  const std::string& root() const { return root_; }
  WorkspaceState state() const;
  bool ready() const { return ready_.load(std::memory_order_acquire); }

  /// `use` is given the index, or nullptr while it is being built.
  template <class Use>
  auto read(Use&& use) const {
    const std::shared_lock lock(mutex_);
    return use(ready() ? &index_ : nullptr);
  }

  // One thread at a time; these read files.
  void build(const SecretFinder& secrets);
  /// A file or folder below the root was written, or is gone. `path`: relative to the root.
  void update(const std::string& path, const SecretFinder& secrets);
  /// build() ends early from now on, and update() does nothing.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  void rescan(const SecretFinder& secrets);
  /// Whether there is room for more.
  bool take(const std::string& path, const SecretFinder& secrets);
  void drop(const std::string& path);

  const std::string root_;
  const WorkspaceLimits limits_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> ready_ = false;
  mutable std::shared_mutex mutex_;
  WorkspaceIndex index_;  // guarded by mutex_, as are the rest
  size_t left_out_ = 0;
  bool complete_ = true;
  double ms_build_ = 0;
};

}  // namespace fathom::completion
