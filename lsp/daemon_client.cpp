#include "lsp/daemon_client.h"

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "lsp/framing.h"
#include "lsp/json_text.h"
#include "lsp/message.h"

namespace fathom::lsp {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

using Unix = asio::local::stream_protocol;
using asio::ip::tcp;
using Endpoint = asio::generic::stream_protocol::endpoint;

constexpr size_t kReadBytes = 64 * 1024;

Result<Endpoint> endpoint_of(const std::string& path) {
  try {
    return Endpoint(Unix::endpoint(path));
  } catch (const std::exception&) {  // it has no other way to say it
    return fail(ErrorCode::invalid_argument,
                "{}: the path of a socket cannot be that long; choose another with --socket", path);
  }
}

}  // namespace

class DaemonClient::Impl final {
 public:
  Impl(std::string place, Endpoint endpoint)
      : place_(std::move(place)), endpoint_(std::move(endpoint)) {}

  Status connect(Clock::time_point deadline) {
    const auto [error, n_bytes] = wait(deadline, [&](auto done) {
      socket_.async_connect(endpoint_, [done](error_code e) { done(e, 0); });
    });
    if (error)
      return fail(error == asio::error::operation_aborted ? ErrorCode::io : ErrorCode::not_found,
                  "no daemon listens at {}: {}", place_, error.message());
    return {};
  }

  Status send(const Json& message, Clock::time_point deadline) {
    const std::string bytes = frame(to_text(message));
    const auto [error, n_bytes] =
        wait(deadline, [&](auto done) { asio::async_write(socket_, asio::buffer(bytes), done); });
    if (error) return lost(error);
    return {};
  }

  /// The answer to request `id`.
  Result<Json> receive(int64_t id, Clock::time_point deadline) {
    while (true) {
      while (const std::optional<Frame> next = frames_.next()) {
        const auto* body = std::get_if<std::string>(&*next);
        if (!body) return fail(ErrorCode::io, "{}: what came is no message", place_);
        Json message = parse_json(*body);
        const MessageHead head = read_head(message);
        if (head.kind == MessageKind::response && head.id == RequestId(id)) return message;
        if (head.kind != MessageKind::request) continue;
        FATHOM_CHECK(send(error_message(message.at("id"), RpcError::method_not_found,
                                        "this client answers nothing"),
                          deadline));
      }
      const auto [error, n_bytes] =
          wait(deadline, [&](auto done) { socket_.async_read_some(asio::buffer(buffer_), done); });
      if (error) return lost(error);
      frames_.push({buffer_.data(), n_bytes});
    }
  }

  int64_t next_id() { return ++last_id_; }

 private:
  struct Outcome {
    error_code error;
    size_t n_bytes = 0;
  };

  /// Starts one operation and waits until it has ended; it is cancelled at the deadline.
  template <class Start>
  Outcome wait(Clock::time_point deadline, Start start) {
    std::optional<Outcome> outcome;
    start([&outcome](error_code error, size_t n_bytes) {
      outcome = Outcome{.error = error, .n_bytes = n_bytes};
    });
    io_.restart();
    io_.run_until(deadline);
    if (!outcome) {
      error_code ignored;
      socket_.close(ignored);  // ends the operation, whose handler uses this frame
      io_.restart();
      io_.run();
    }
    return *outcome;
  }

  tl::unexpected<Error> lost(error_code error) const {
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
      return fail(ErrorCode::io, "the daemon at {} did not answer in time", place_);
    return fail(ErrorCode::io, "the connection to the daemon at {} broke: {}", place_,
                error.message());
  }

  const std::string place_;  // for messages
  const Endpoint endpoint_;
  asio::io_context io_{1};
  asio::generic::stream_protocol::socket socket_{io_};
  FrameReader frames_;
  std::array<char, kReadBytes> buffer_;
  int64_t last_id_ = 0;
};

Result<DaemonClient> DaemonClient::open(const std::filesystem::path& socket,
                                        std::chrono::milliseconds timeout) {
  FATHOM_TRY(endpoint, endpoint_of(socket.string()));
  return open(std::make_unique<Impl>(socket.string(), endpoint), R"({"capabilities":{}})", timeout);
}

Result<DaemonClient> DaemonClient::open_port(const DaemonPort& port,
                                             std::chrono::milliseconds timeout) {
  const asio::ip::address address = port.ipv6 ? asio::ip::address(asio::ip::address_v6::loopback())
                                              : asio::ip::address(asio::ip::address_v4::loopback());
  const Json greeting = {{"capabilities", Json::object()},
                         {"initializationOptions", {{"token", port.token}}}};
  return open(std::make_unique<Impl>(fmt::format("{}, port {}", address.to_string(), port.port),
                                     tcp::endpoint(address, port.port)),
              to_text(greeting), timeout);
}

Result<DaemonClient> DaemonClient::open(std::unique_ptr<Impl> impl, std::string_view greeting,
                                        std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  DaemonClient client(std::move(impl));
  FATHOM_CHECK(client.impl_->connect(deadline));
  FATHOM_TRY(answer, client.request("initialize", greeting, timeout));
  client.initialized_ = std::move(answer);
  return client;
}

DaemonClient::DaemonClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DaemonClient::DaemonClient(DaemonClient&&) noexcept = default;
DaemonClient& DaemonClient::operator=(DaemonClient&&) noexcept = default;
DaemonClient::~DaemonClient() = default;

Result<std::string> DaemonClient::request(std::string_view method, std::string_view params,
                                          std::chrono::milliseconds timeout) {
  const Json parsed = parse_json(params);
  if (parsed.is_discarded())
    return fail(ErrorCode::invalid_argument, "the parameters of {} are not JSON", method);
  const Clock::time_point deadline = Clock::now() + timeout;
  const int64_t id = impl_->next_id();
  FATHOM_CHECK(impl_->send(request_message(id, method, parsed), deadline));
  FATHOM_TRY(answer, impl_->receive(id, deadline));
  const auto error = answer.find("error");
  if (error == answer.end()) return to_text(answer.at("result"));
  const auto words = error->is_object() ? error->find("message") : error->end();
  const bool has_words = error->is_object() && words != error->end() && words->is_string();
  return fail(ErrorCode::invalid_argument, "{}: {}", method,
              has_words ? words->get<std::string>() : to_text(*error));
}

}  // namespace fathom::lsp
