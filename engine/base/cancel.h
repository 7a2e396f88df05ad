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
  bool cancelled() const {
    for (const Wish* wish = wish_.get(); wish; wish = wish->parent.get()) {
      if (wish->cancelled.load(std::memory_order_relaxed)) return true;
    }
    return false;
  }

 private:
  friend class CancelSource;
  struct Wish {
    std::atomic<bool> cancelled = false;
    std::shared_ptr<const Wish> parent;
  };
  explicit CancelToken(std::shared_ptr<const Wish> wish) : wish_(std::move(wish)) {}
  std::shared_ptr<const Wish> wish_;
};

class CancelSource final {
 public:
  CancelSource() = default;
  /// Its tokens are cancelled when `parent` is, too: work on behalf of someone who may give up.
  explicit CancelSource(const CancelToken& parent) { wish_->parent = parent.wish_; }

  void cancel() { wish_->cancelled.store(true, std::memory_order_relaxed); }
  CancelToken token() const { return CancelToken(wish_); }

 private:
  std::shared_ptr<CancelToken::Wish> wish_ = std::make_shared<CancelToken::Wish>();
};

}  // namespace fathom
