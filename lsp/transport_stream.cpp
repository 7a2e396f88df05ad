#include "lsp/transport_stream.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <signal.h>

#include "lsp/framing.h"

namespace fathom::lsp {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = size_t{64} * 1024;
constexpr std::chrono::seconds kFlushTime{1};

/// EPERM: it lives, and belongs to somebody else.
bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

}  // namespace

class StreamTransport::Impl final : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop, int input, int output, StreamOptions options, Log& log)
      : options_(std::move(options)),
        log_(log),
        event_loop_(loop),
        loop_(loop.poster()),
        input_(loop.context(), input),
        output_(loop.context(), output),
        parent_timer_(loop.context()),
        flush_timer_(loop.context()) {}

  void start(StreamHandlers handlers) {
    handlers_ = std::move(handlers);
    read();
  }

  /// What is under way ends with an error, and finds that nobody wants to know.
  void abandon() {
    *alive_ = false;
    closed_ = true;
    error_code ignored;
    input_.close(ignored);
    output_.close(ignored);
    parent_timer_.cancel();
    flush_timer_.cancel();
    handlers_ = {};
  }

  void send(const std::string& body) {
    if (broken_ || closed_) return;
    queued_ += frame(body);
    if (writing_.empty()) write();
    if (queued_.size() <= options_.cut_bytes) return;
    log_.warning("{}: {} bytes wait and nobody reads them; cut off", options_.name,
                 queued_.size() + writing_.size() - n_written_);
    break_output();
  }

  Poster poster() {
    return [loop = loop_, alive = alive_](std::function<void()> task) {
      loop([alive, task = std::move(task)] {
        if (*alive) task();
      });
    };
  }

  void call_after(std::chrono::milliseconds delay, std::function<void()> task) {
    event_loop_.call_after(delay, [alive = alive_, task = std::move(task)] {
      if (*alive) task();
    });
  }

  void watch(pid_t pid) {
    if (options_.parent_poll_ms <= 0) return;
    parent_timer_.expires_after(std::chrono::milliseconds(options_.parent_poll_ms));
    parent_timer_.async_wait([this, self = shared_from_this(), pid](error_code error) {
      if (error || closed_) return;
      if (is_alive(pid)) return watch(pid);
      log_.info("{}: its process {} is gone", options_.name, pid);
      end();
    });
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    error_code ignored;
    input_.cancel(ignored);
    parent_timer_.cancel();
    if (writing_.empty()) return report_closed();
    limit_flush();
  }

 private:
  void read() {
    reading_ = true;
    input_.async_read_some(
        asio::buffer(buffer_), [this, self = shared_from_this()](error_code error, size_t n_bytes) {
          reading_ = false;
          if (closed_) return;
          if (error) {
            if (error != asio::error::eof)
              log_.warning("{}: reading failed: {}", options_.name, error.message());
            return end();
          }
          deliver({buffer_.data(), n_bytes});
        });
  }

  void deliver(std::string_view bytes) {
    busy_ = !handlers_.on_bytes(bytes);
    if (busy_ && !closed_) {
      // Behind what others have to do.
      asio::post(input_.get_executor(), [this, self = shared_from_this()] {
        if (!closed_) deliver({});
      });
    }
    read_if_drained();
  }

  void read_if_drained() {
    if (!closed_ && !reading_ && !busy_ && !ended_ && queued_.size() <= options_.pause_bytes)
      read();
  }

  /// Sends writing_ from n_written_ on, then what was queued meanwhile.
  void write() {
    if (writing_.empty()) {
      writing_.swap(queued_);
      n_written_ = 0;
    }
    const auto rest = asio::buffer(writing_) + n_written_;
    output_.async_write_some(rest,
                             [this, self = shared_from_this()](error_code error, size_t n_bytes) {
                               if (*alive_) written(error, n_bytes);
                             });
  }

  void written(error_code error, size_t n_bytes) {
    if (broken_) return;
    if (error) {
      if (!closed_) log_.warning("{}: writing failed: {}", options_.name, error.message());
      return break_output();
    }
    n_written_ += n_bytes;
    if (n_written_ == writing_.size()) writing_.clear();
    if (!writing_.empty() || !queued_.empty()) {
      write();
      if (closed_) limit_flush();
    } else if (closed_) {
      return report_closed();
    }
    read_if_drained();
  }

  /// Gives up unless something is read within the time.
  void limit_flush() {
    flush_timer_.expires_after(kFlushTime);
    flush_timer_.async_wait([this, self = shared_from_this()](error_code error) {
      if (!error && *alive_) break_output();
    });
  }

  void break_output() {
    if (std::exchange(broken_, true)) return;
    error_code ignored;
    output_.cancel(ignored);
    writing_.clear();
    queued_.clear();
    if (closed_) return report_closed();
    // Not inside send(): the caller is in the middle of something.
    asio::post(output_.get_executor(), [this, self = shared_from_this()] { end(); });
  }

  void end() {
    if (closed_ || std::exchange(ended_, true)) return;
    const auto on_end = handlers_.on_end;
    on_end();
  }

  void report_closed() {
    flush_timer_.cancel();
    if (std::exchange(reported_, true)) return;
    // Later, because the caller may still use what on_closed destroys.
    asio::post(output_.get_executor(), [this, self = shared_from_this()] {
      if (const auto on_closed = std::exchange(handlers_, {}).on_closed) on_closed();
    });
  }

  const StreamOptions options_;
  Log& log_;
  EventLoop& event_loop_;
  const Poster loop_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // main thread only
  asio::posix::stream_descriptor input_;
  asio::posix::stream_descriptor output_;
  asio::steady_timer parent_timer_;
  asio::steady_timer flush_timer_;

  StreamHandlers handlers_;
  std::array<char, kReadBytes> buffer_;
  std::string writing_;   // not empty: a write is under way
  size_t n_written_ = 0;  // of it
  std::string queued_;
  bool reading_ = false;
  bool busy_ = false;    // the receiver is not done with what it has
  bool broken_ = false;  // nobody reads the output any more
  bool ended_ = false;   // on_end was called
  bool closed_ = false;
  bool reported_ = false;  // on_closed is on its way
};

StreamTransport::StreamTransport(EventLoop& loop, int input, int output, StreamOptions options,
                                 Log& log)
    : impl_(std::make_shared<Impl>(loop, input, output, std::move(options), log)) {}

StreamTransport::~StreamTransport() { impl_->abandon(); }

void StreamTransport::start(StreamHandlers handlers) { impl_->start(std::move(handlers)); }

void StreamTransport::send(std::string body) { impl_->send(body); }

Poster StreamTransport::poster() { return impl_->poster(); }

void StreamTransport::call_after(std::chrono::milliseconds delay, std::function<void()> task) {
  impl_->call_after(delay, std::move(task));
}

void StreamTransport::watch_process(int64_t pid) {
  // kill() reads zero and negative numbers as groups of processes.
  if (pid > 0 && pid <= std::numeric_limits<pid_t>::max()) impl_->watch(pid_t(pid));
}

void StreamTransport::close() { impl_->close(); }

}  // namespace fathom::lsp
