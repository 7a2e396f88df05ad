#include "completion/workspaces.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "completion/syntax/language.h"
#include "completion/syntax/words.h"
#include "completion/worker.h"
#include "engine/base/system.h"

namespace fathom::completion {
namespace {

/// Without '/' at its end.
std::string key_of(std::string root) {
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  return root;
}

/// Editors that were started anywhere say so: everything that a person has is no workspace.
bool is_no_project(const std::string& root) {
  const char* home = std::getenv("HOME");
  return root == "/" || (home && root == key_of(home));
}

}  // namespace

class Workspaces::Impl {
 public:
  Impl(WorkspacesOptions options, Log& log)
      : limits_(options.limits), log_(log), worker_(options.threads) {
    if (options.threads) worker_.post(lower_thread_priority);
  }

  ~Impl() {
    const std::lock_guard lock(mutex_);
    for (auto& [root, open] : open_) open.workspace->stop();
  }

  void open(const std::string& given) {
    const std::string root = key_of(given);
    std::shared_ptr<Workspace> workspace;
    {
      const std::lock_guard lock(mutex_);
      Open& open = open_[root];
      if (++open.n_clients > 1) return;
      open.workspace = std::make_shared<Workspace>(root, limits_);
      workspace = open.workspace;
    }
    worker_.post([this, workspace = std::move(workspace)] { build(*workspace); });
  }

  void close(const std::string& given) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(key_of(given));
    if (found == open_.end() || --found->second.n_clients > 0) return;
    found->second.workspace->stop();
    open_.erase(found);
  }

  void file_changed(const std::string& given) {
    // Whoever writes ".." does not get out of the root.
    const std::string path = std::filesystem::path(given).lexically_normal().string();
    std::vector<std::pair<std::shared_ptr<Workspace>, std::string>> updates;
    {
      const std::lock_guard lock(mutex_);
      for (auto& [root, open] : open_) {
        if (!path.starts_with(root == "/" ? root : root + "/")) continue;
        std::string relative = path.substr(root == "/" ? 1 : root.size() + 1);
        if (open.pending.insert(relative).second)
          updates.emplace_back(open.workspace, std::move(relative));
      }
    }
    for (auto& [workspace, relative] : updates)
      worker_.post([this, workspace = std::move(workspace), relative = std::move(relative)] {
        update(*workspace, relative);
      });
  }

  std::shared_ptr<const Workspace> find(const std::string& root) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(key_of(root));
    return found == open_.end() ? nullptr : found->second.workspace;
  }

  std::vector<WorkspaceState> states() const {
    const std::lock_guard lock(mutex_);
    std::vector<WorkspaceState> states;
    for (const auto& [root, open] : open_) states.push_back(open.workspace->state());
    return states;
  }

  bool wait_until_ready(const std::string& root, std::chrono::milliseconds timeout) const {
    const std::shared_ptr<const Workspace> workspace = find(root);
    if (!workspace) return false;
    std::unique_lock lock(mutex_);
    return built_.wait_for(lock, timeout, [&] { return workspace->ready(); });
  }

 private:
  struct Open {
    std::shared_ptr<Workspace> workspace;
    int n_clients = 0;
    std::set<std::string> pending;  // changes that wait for the worker
  };

  // Worker's thread.
  void build(Workspace& workspace) {
    if (is_no_project(workspace.root())) {
      return log_.info("{} is not indexed: it is no folder of a project", workspace.root());
    }
    workspace.build(secrets_);
    const WorkspaceState state = workspace.state();
    if (state.ready)
      log_.info("indexed {}: {} files, {} declarations in {:.0f} ms{}", state.root, state.files,
                state.declarations, state.ms_build,
                state.complete ? "" : "; not all of it: over the limits of files, text or time");
    // Under the lock, or a waiter could look before and sleep after.
    const std::lock_guard lock(mutex_);
    built_.notify_all();
  }

  void update(Workspace& workspace, const std::string& relative) {
    {
      // A change from now on may come too late for the file to be read again.
      const std::lock_guard lock(mutex_);
      const auto open = open_.find(workspace.root());
      if (open != open_.end()) open->second.pending.erase(relative);
    }
    workspace.update(relative, secrets_);
  }

  const WorkspaceLimits limits_;
  Log& log_;
  const SecretFinder secrets_;
  mutable std::mutex mutex_;
  mutable std::condition_variable built_;
  std::map<std::string, Open> open_;  // by root; guarded by mutex_
  Worker worker_;                     // last: its thread uses all of the above
};

Workspaces::Workspaces(WorkspacesOptions options, Log& log)
    : impl_(std::make_unique<Impl>(options, log)) {}
Workspaces::~Workspaces() = default;

void Workspaces::open(const std::string& root) { impl_->open(root); }
void Workspaces::close(const std::string& root) { impl_->close(root); }
void Workspaces::file_changed(const std::string& path) { impl_->file_changed(path); }

std::vector<std::string> Workspaces::watched_globs() {
  std::string extensions;
  for (const Language& language : languages()) {
    if (language.declarations.empty()) continue;
    std::string_view words = language.extensions;
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words))
      extensions += fmt::format("{}{}", extensions.empty() ? "" : ",", word);
  }
  return {fmt::format("**/*.{{{}}}", extensions), "**/{.gitignore,.fathomignore}"};
}

std::shared_ptr<const Workspace> Workspaces::find(const std::string& root) const {
  return impl_->find(root);
}

std::vector<WorkspaceState> Workspaces::states() const { return impl_->states(); }

bool Workspaces::wait_until_ready(const std::string& root,
                                  std::chrono::milliseconds timeout) const {
  return impl_->wait_until_ready(root, timeout);
}

}  // namespace fathom::completion
