// Tells when the configuration's files change, so that nobody restarts fathom to try a setting.
//
// The files are looked at (time and size) every now and then by a thread of this object's own, and
// read there when they differ: clients' threads never touch the disk for them.
//
// Threads: any.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "completion/config.h"

namespace fathom::completion {

class ConfigWatch final {
 public:
  using OnChange = std::function<void(const EffectiveConfig&)>;

  /// Looks every `period`; 0: only when poll() is called, on the caller's thread.
  explicit ConfigWatch(std::chrono::milliseconds period);
  ~ConfigWatch();

  /// Calls `on_change` with load_config(project) soon, and again whenever it may have changed. It
  /// must be quick and call nothing of this object. `project` may be empty.
  uint64_t watch(std::filesystem::path project, OnChange on_change);
  /// Afterwards `on_change` is not running and is not called again. Not from inside it.
  void unwatch(uint64_t id);

  /// Looks now.
  void poll();

 private:
  struct Watched;

  void run();

  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool has_new_ = false;  // all guarded by mutex_
  bool ending_ = false;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::shared_ptr<Watched>> watched_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace fathom::completion
