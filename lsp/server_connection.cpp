#include "lsp/server_connection.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "lsp/transport_stream.h"

namespace fathom::lsp {

using Clock = std::chrono::steady_clock;

class ServerConnection::Impl final {
 public:
  struct Descriptors {
    int input;
    int output;
  };

  Impl(EventLoop& loop, Descriptors descriptors, ConnectionOptions options, Services& services,
       Log& log)
      : name_(fmt::format("client {}", options.session.client)),
        client_(options.session.client),
        log_(log),
        // A socket tells when its other end dies; process ids mean nothing across containers.
        transport_(loop, descriptors.input, descriptors.output,
                   {.name = name_, .parent_poll_ms = 0}, log),
        session_(transport_, std::move(options.session), services, log),
        greeting_timer_(loop.context()) {
    transport_.start(
        {.on_bytes = [this](std::string_view bytes) { return session_.on_bytes(bytes); },
         .on_end = [this] { session_.on_end(); },
         .on_closed = std::move(options.on_closed)});
    greeting_timer_.expires_after(options.greeting_time);
    const std::weak_ptr<bool> lives = lives_;
    greeting_timer_.async_wait([this, lives](boost::system::error_code) {
      if (lives.expired() || session_.is_greeted()) return;
      log_.warning("{}: it did not say initialize in time; cut off", name_);
      session_.leave();
    });
  }

  void close() { session_.leave(); }

  ClientStatus status() {
    const std::chrono::duration<double> connected = Clock::now() - start_;
    return {.client = client_,
            .name = session_.client().name,
            .version = session_.client().version,
            .n_documents = session_.documents().size(),
            .connected_s = connected.count()};
  }

 private:
  const std::string name_;
  const uint64_t client_;
  const Clock::time_point start_ = Clock::now();
  Log& log_;
  StreamTransport transport_;
  Session session_;
  boost::asio::steady_timer greeting_timer_;
  const std::shared_ptr<bool> lives_ = std::make_shared<bool>(true);  // for the timer's handler
};

Result<std::unique_ptr<ServerConnection>> ServerConnection::open(EventLoop& loop, int descriptor,
                                                                 ConnectionOptions options,
                                                                 Services& services, Log& log) {
  const int input = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  const int output = input == -1 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (output == -1) {
    const int error = errno;
    if (input != -1) ::close(input);
    return fail(ErrorCode::io, "a client cannot be served: {}", std::strerror(error));
  }
  return std::unique_ptr<ServerConnection>(new ServerConnection(
      std::make_unique<Impl>(loop, Impl::Descriptors{.input = input, .output = output},
                             std::move(options), services, log)));
}

ServerConnection::ServerConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerConnection::~ServerConnection() = default;

void ServerConnection::close() { impl_->close(); }
ClientStatus ServerConnection::status() const { return impl_->status(); }

}  // namespace fathom::lsp
