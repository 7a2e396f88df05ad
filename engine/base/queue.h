// The one way to hand work to another thread: a queue of moved messages.
//
// Threads: any. pop() waits; the rest do not. After close(), pop() gives what is left and then
// nothing; push() hands its message back.

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace fathom {

template <class T>
class Queue final {
 public:
  /// The message itself if the queue is closed, else nothing.
  std::optional<T> push(T message) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return message;
      messages_.push_back(std::move(message));
    }
    arrived_.notify_one();
    return std::nullopt;
  }

  /// Waits for a message; nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return closed_ || !messages_.empty(); });
    return take_first();
  }

  /// A message if there is one now.
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take_first();
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::optional<T> take_first() {
    if (messages_.empty()) return std::nullopt;
    std::optional<T> first(std::move(messages_.front()));
    messages_.pop_front();
    return first;
  }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> messages_;  // guarded by mutex_
  bool closed_ = false;     // guarded by mutex_
};

}  // namespace fathom
