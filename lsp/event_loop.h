// The main thread's loop: what all connections of a process share, on Boost.Asio.

#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace fathom::lsp {

/// Hands a task to the main thread, where it runs after those handed over before it, never inside
/// the call. Any thread, also when what it belongs to is gone: then the task is dropped.
using Poster = std::function<void(std::function<void()>)>;

class EventLoop final {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Drops the tasks that are left.
  ~EventLoop();

  /// Runs tasks and what Asio has to do on the calling thread, which is the main thread from here
  /// on, until stop().
  void run();
  /// Any thread, while the loop lives.
  void stop();

  Poster poster() const;
  /// Main thread: runs a task there after a while, unless the loop goes before.
  void call_after(std::chrono::milliseconds delay, std::function<void()> task);
  /// For Asio's objects, which must go before the loop does.
  boost::asio::io_context& context();

 private:
  struct Mailbox;
  std::unique_ptr<boost::asio::io_context> context_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace fathom::lsp
