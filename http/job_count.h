// How many answers are being computed, so that there are not too many, and none when the server
// goes.
//
// Threads: any.

#pragma once

#include <condition_variable>
#include <mutex>

namespace fathom::http {

class JobCount final {
 public:
  explicit JobCount(int most) : most_(most) {}

  /// False: there are as many as there may be, or there shall be no more.
  bool begin() {
    const std::lock_guard lock(mutex_);
    if (n_ >= most_) return false;
    ++n_;
    return true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--n_ == 0) none_.notify_all();
  }
  /// Lets no more begin, and waits for those that have.
  void close() {
    std::unique_lock lock(mutex_);
    most_ = 0;
    none_.wait(lock, [this] { return n_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int most_;
  int n_ = 0;
};

}  // namespace fathom::http
