#include "completion/config_watch.h"

#include <tuple>
#include <utility>
#include <vector>

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

/// What tells one state of the files from another without reading them.
using Signature = std::vector<std::tuple<fs::path, fs::file_time_type, uintmax_t>>;

Signature signature_of(const fs::path& project) {
  Signature signature;
  for (const fs::path& file : config_files(project)) {
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(file, error);
    if (error) continue;
    const uintmax_t size = fs::file_size(file, error);
    signature.emplace_back(file, time, error ? 0 : size);
  }
  return signature;
}

}  // namespace

struct ConfigWatch::Watched {
  const fs::path project;

  // One poll at a time; files are read without any other lock, for they may be on a slow network.
  std::mutex polling;
  bool was_read = false;  // guarded by `polling`, as the next
  Signature signature;

  std::mutex calling;
  OnChange on_change;  // guarded by `calling`; null once nobody wants to know

  Watched(fs::path folder, OnChange callback)
      : project(std::move(folder)), on_change(std::move(callback)) {}

  void poll() {
    const std::lock_guard polling_lock(polling);
    Signature now = signature_of(project);
    if (was_read && now == signature) return;
    const EffectiveConfig config = load_config(project);
    was_read = true;
    signature = std::move(now);
    const std::lock_guard calling_lock(calling);
    if (on_change) on_change(config);
  }
};

ConfigWatch::ConfigWatch(std::chrono::milliseconds period) : period_(period) {
  if (period_.count() > 0) thread_ = std::thread([this] { run(); });
}

ConfigWatch::~ConfigWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

uint64_t ConfigWatch::watch(fs::path project, OnChange on_change) {
  const std::lock_guard lock(mutex_);
  const uint64_t id = ++last_id_;
  watched_.emplace(id, std::make_shared<Watched>(std::move(project), std::move(on_change)));
  has_new_ = true;
  woken_.notify_all();
  return id;
}

void ConfigWatch::unwatch(uint64_t id) {
  std::shared_ptr<Watched> watched;
  {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(id);
    if (found == watched_.end()) return;
    watched = std::move(found->second);
    watched_.erase(found);
  }
  const std::lock_guard lock(watched->calling);
  watched->on_change = nullptr;
}

void ConfigWatch::poll() {
  std::vector<std::shared_ptr<Watched>> all;
  {
    const std::lock_guard lock(mutex_);
    has_new_ = false;
    for (const auto& [id, watched] : watched_) all.push_back(watched);
  }
  for (const auto& watched : all) watched->poll();
}

void ConfigWatch::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, period_, [this] { return ending_ || has_new_; });
      if (ending_) return;
    }
    poll();
  }
}

}  // namespace fathom::completion
