#include "lsp/transport_stdio.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lsp/event_loop.h"
#include "lsp/transport_stream.h"

namespace fathom::lsp {
namespace {

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

}  // namespace

class StdioTransport::Impl final {
 public:
  Impl(const StdioDescriptors& descriptors, int input, int output, Log& log)
      : input_flags_(descriptors.input),
        output_flags_(descriptors.output),
        stream(loop, input, output,
               {.name = "the client", .parent_poll_ms = descriptors.parent_poll_ms}, log) {}

 private:
  const FlagsGuard input_flags_;
  const FlagsGuard output_flags_;

 public:
  EventLoop loop;
  StreamTransport stream;
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

void StdioTransport::run(std::function<bool(std::string_view)> on_bytes,
                         std::function<void()> on_end) {
  impl_->stream.start({.on_bytes = std::move(on_bytes),
                       .on_end = std::move(on_end),
                       .on_closed = [this] { impl_->loop.stop(); }});
  impl_->loop.run();
}

EventLoop& StdioTransport::loop() { return impl_->loop; }
void StdioTransport::send(std::string body) { impl_->stream.send(std::move(body)); }
Poster StdioTransport::poster() { return impl_->stream.poster(); }
void StdioTransport::call_after(std::chrono::milliseconds delay, std::function<void()> task) {
  impl_->stream.call_after(delay, std::move(task));
}
void StdioTransport::watch_process(int64_t pid) { impl_->stream.watch_process(pid); }
void StdioTransport::close() { impl_->stream.close(); }

}  // namespace fathom::lsp
