#include "lsp/event_loop.h"

#include <mutex>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace fathom::lsp {

namespace asio = boost::asio;

/// Where threads that outlive the loop find out that they have.
struct EventLoop::Mailbox {
  std::mutex mutex;
  asio::io_context* context = nullptr;  // guarded by mutex; null: the loop is gone
};

EventLoop::EventLoop()
    : context_(std::make_unique<asio::io_context>(1)), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->context = context_.get();
}

EventLoop::~EventLoop() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->context = nullptr;
}

void EventLoop::run() {
  const auto work = asio::make_work_guard(*context_);
  context_->run();
}

void EventLoop::stop() { context_->stop(); }

Poster EventLoop::poster() const {
  return [mailbox = mailbox_](std::function<void()> task) {
    const std::lock_guard lock(mailbox->mutex);
    if (mailbox->context) asio::post(*mailbox->context, std::move(task));
  };
}

void EventLoop::call_after(std::chrono::milliseconds delay, std::function<void()> task) {
  const auto timer = std::make_shared<asio::steady_timer>(*context_, delay);
  timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
    if (!error) task();
  });
}

asio::io_context& EventLoop::context() { return *context_; }

}  // namespace fathom::lsp
