// Cooperative cancellation across threads.
//
//   CancelSource source;                       // whoever may change their mind
//   run(source.token());                       // whoever works looks at the token now and then
//   source.cancel();
//
// Cancelling is a wish: work that is nearly done may still finish. Cancelled work still answers,
// with ErrorCode::cancelled. Threads: any. A default-constructed token is never cancelled.

#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace fathom {

class CancelToken final {
 public:
  CancelToken() = default;
  bool cancelled() const { return flag_ && flag_->load(std::memory_order_relaxed); }

 private:
  friend class CancelSource;
  explicit CancelToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
};

class CancelSource final {
 public:
  void cancel() { flag_->store(true, std::memory_order_relaxed); }
  CancelToken token() const { return CancelToken(flag_); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace fathom
