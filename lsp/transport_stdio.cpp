#include "lsp/transport_stdio.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lsp/framing.h"

namespace fathom::lsp {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 * 1024;
// A client that writes without reading is not read until it has: its answers wait here.
constexpr size_t kMaxQueuedBytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds kFlushTime{1};

/// Asio makes descriptors non-blocking, also for everybody who shares them: the terminal's other
/// programs, and our own stderr behind 2>&1. This puts back what was there.
class FlagsGuard final {
 public:
  explicit FlagsGuard(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {}
  FlagsGuard(const FlagsGuard&) = delete;
  FlagsGuard& operator=(const FlagsGuard&) = delete;
  ~FlagsGuard() {
    if (flags_ != -1) ::fcntl(fd_, F_SETFL, flags_);
  }

 private:
  int fd_;
  int flags_;
};

/// EPERM: it lives, and belongs to somebody else.
bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

}  // namespace

class StdioTransport::Impl final {
 public:
  Impl(const StdioDescriptors& descriptors, int input, int output, Log& log)
      : log_(log),
        parent_poll_(descriptors.parent_poll_ms),
        input_flags_(descriptors.input),
        output_flags_(descriptors.output),
        input_(io_, input),
        output_(io_, output),
        parent_timer_(io_),
        flush_timer_(io_) {}

  void run(std::function<void(std::string_view)> on_bytes, std::function<void()> on_end) {
    on_bytes_ = std::move(on_bytes);
    on_end_ = std::move(on_end);
    read();
    io_.run();
  }

  void send(const std::string& body) {
    if (broken_ || closed_) return;
    queued_ += frame(body);
    if (writing_.empty()) write();
  }

  void post(std::function<void()> task) { asio::post(io_, std::move(task)); }

  void watch(pid_t pid) {
    parent_timer_.expires_after(parent_poll_);
    parent_timer_.async_wait([this, pid](error_code error) {
      if (error || closed_) return;
      if (is_alive(pid)) return watch(pid);
      log_.info("the client's process {} is gone", pid);
      end();
    });
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    input_.cancel();
    parent_timer_.cancel();
    if (!writing_.empty()) limit_flush();
  }

 private:
  void read() {
    reading_ = true;
    input_.async_read_some(asio::buffer(buffer_), [this](error_code error, size_t n_bytes) {
      reading_ = false;
      if (closed_) return;
      if (error) {
        if (error != asio::error::eof) log_.warning("reading failed: {}", error.message());
        return end();
      }
      on_bytes_({buffer_.data(), n_bytes});
      read_if_drained();
    });
  }

  void read_if_drained() {
    if (!closed_ && !reading_ && queued_.size() <= kMaxQueuedBytes) read();
  }

  /// Sends writing_ from n_written_ on, then what was queued meanwhile.
  void write() {
    if (writing_.empty()) {
      writing_.swap(queued_);
      n_written_ = 0;
    }
    const auto rest = asio::buffer(writing_) + n_written_;
    output_.async_write_some(rest, [this](error_code error, size_t n_bytes) {
      if (error) return fail_writing(error);
      n_written_ += n_bytes;
      if (n_written_ == writing_.size()) writing_.clear();
      if (!writing_.empty() || !queued_.empty()) {
        write();
        if (closed_) limit_flush();
      } else if (closed_) {
        flush_timer_.cancel();
      }
      read_if_drained();
    });
  }

  /// Gives up unless something is read within the time.
  void limit_flush() {
    flush_timer_.expires_after(kFlushTime);
    flush_timer_.async_wait([this](error_code error) {
      if (!error) output_.cancel();
    });
  }

  void fail_writing(error_code error) {
    if (!closed_) log_.warning("writing failed: {}", error.message());
    broken_ = true;
    writing_.clear();
    queued_.clear();
    flush_timer_.cancel();
    end();
  }

  void end() {
    if (!closed_ && !std::exchange(ended_, true)) on_end_();
  }

  Log& log_;
  const std::chrono::milliseconds parent_poll_;
  const FlagsGuard input_flags_;
  const FlagsGuard output_flags_;
  asio::io_context io_{1};
  asio::posix::stream_descriptor input_;
  asio::posix::stream_descriptor output_;
  asio::steady_timer parent_timer_;
  asio::steady_timer flush_timer_;

  std::function<void(std::string_view)> on_bytes_;
  std::function<void()> on_end_;
  std::array<char, kReadBytes> buffer_;
  std::string writing_;   // not empty: a write is under way
  size_t n_written_ = 0;  // of it
  std::string queued_;
  bool reading_ = false;
  bool broken_ = false;  // nobody reads the output any more
  bool ended_ = false;   // on_end_ was called
  bool closed_ = false;
};

Result<std::unique_ptr<StdioTransport>> StdioTransport::open(const StdioDescriptors& descriptors,
                                                             Log& log) {
  ::signal(SIGPIPE, SIG_IGN);
  const int input = ::fcntl(descriptors.input, F_DUPFD_CLOEXEC, 3);
  if (input == -1)
    return fail(ErrorCode::io, "the input (descriptor {}) is not open: {}", descriptors.input,
                std::strerror(errno));
  const int output = ::fcntl(descriptors.output, F_DUPFD_CLOEXEC, 3);
  if (output == -1) {
    const int error = errno;
    ::close(input);
    return fail(ErrorCode::io, "the output (descriptor {}) is not open: {}", descriptors.output,
                std::strerror(error));
  }
  return std::unique_ptr<StdioTransport>(
      new StdioTransport(std::make_unique<Impl>(descriptors, input, output, log)));
}

StdioTransport::StdioTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StdioTransport::~StdioTransport() = default;

void StdioTransport::run(std::function<void(std::string_view)> on_bytes,
                         std::function<void()> on_end) {
  impl_->run(std::move(on_bytes), std::move(on_end));
}

void StdioTransport::send(std::string body) { impl_->send(body); }

void StdioTransport::post(std::function<void()> task) { impl_->post(std::move(task)); }

void StdioTransport::watch_process(int64_t pid) {
  // kill() reads zero and negative numbers as groups of processes.
  if (pid > 0 && pid <= std::numeric_limits<pid_t>::max()) impl_->watch(pid_t(pid));
}

void StdioTransport::close() { impl_->close(); }

}  // namespace fathom::lsp
