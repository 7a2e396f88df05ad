// A server on this machine that does to its clients what a test says.
//
// Threads: one for each connection, on which the handler runs; requests() from any.

#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace fathom::completion {

struct ReceivedRequest {
  std::string method;
  std::string path;
  std::string head;
  std::string body;
};

/// One client, as a handler sees it.
class Peer {
 public:
  virtual ~Peer() = default;
  /// False if it has gone.
  virtual bool send(std::string_view bytes) = 0;
  /// Waits for bytes; "" if it has gone.
  virtual std::string receive() = 0;
  virtual void close() = 0;
  /// As a machine that lost its memory of the connection.
  virtual void reset() = 0;

  void reply(int status, std::string_view body, std::string_view headers = "") {
    send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }
  void begin_stream() {
    send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  bool chunk(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return send(size + std::string(bytes) + "\r\n");
  }
  bool event(std::string_view data) { return chunk("data: " + std::string(data) + "\n\n"); }
  void end_stream() { send("0\r\n\r\n"); }
  void wait_until_gone() {
    while (!receive().empty()) {
    }
  }
};

class ScriptedServer final {
 public:
  using Handler = std::function<void(const ReceivedRequest&, Peer&)>;
  struct TlsFiles {
    std::string certificate;
    std::string key;
    std::string client_ca;  // "": clients need no certificate
  };

  explicit ScriptedServer(Handler handler, const TlsFiles& tls = {})
      : handler_(std::move(handler)), has_tls_(!tls.certificate.empty()) {
    if (has_tls_) {
      tls_.use_certificate_chain_file(tls.certificate);
      tls_.use_private_key_file(tls.key, boost::asio::ssl::context::pem);
    }
    if (!tls.client_ca.empty()) {
      tls_.load_verify_file(tls.client_ca);
      tls_.set_verify_mode(boost::asio::ssl::verify_peer |
                           boost::asio::ssl::verify_fail_if_no_peer_cert);
    }
    thread_ = std::thread([this] { accept(); });
  }

  ~ScriptedServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    // Wakes the one who accepts.
    boost::asio::ip::tcp::socket waker(io_);
    boost::system::error_code ignored;
    waker.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& close : closers_) close();
    }
    for (std::thread& connection : connections_) connection.join();
  }

  int port() const { return acceptor_.local_endpoint().port(); }
  std::string url() const {
    return (has_tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
  }

  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int n_requests(std::string_view path) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count(requests_, path, &ReceivedRequest::path));
  }
  int n_connections() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(connections_.size());
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  struct Connection {
    explicit Connection(boost::asio::io_context& io) : socket(io) {}

    void shut_down() {
      const std::lock_guard lock(mutex);
      boost::system::error_code ignored;
      socket.shutdown(Socket::shutdown_both, ignored);
    }
    void reset() {
      const std::lock_guard lock(mutex);
      boost::system::error_code ignored;
      socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
      socket.close(ignored);
    }

    Socket socket;
    std::mutex mutex;  // of who ends it
  };

  template <class Stream>
  class StreamPeer final : public Peer {
   public:
    StreamPeer(Stream& stream, Connection& connection) : stream_(stream), connection_(connection) {}
    bool send(std::string_view bytes) override {
      boost::system::error_code error;
      boost::asio::write(stream_, boost::asio::buffer(bytes), error);
      return !error;
    }
    std::string receive() override {
      std::string bytes(64 << 10, '\0');
      boost::system::error_code error;
      bytes.resize(stream_.read_some(boost::asio::buffer(bytes), error));
      return error ? std::string() : bytes;
    }
    void close() override {
      connection_.shut_down();
      is_closed = true;
    }
    void reset() override {
      connection_.reset();
      is_closed = true;
    }
    bool is_closed = false;

   private:
    Stream& stream_;
    Connection& connection_;
  };

  void accept() {
    while (true) {
      auto connection = std::make_shared<Connection>(io_);
      boost::system::error_code error;
      acceptor_.accept(connection->socket, error);
      const std::lock_guard lock(mutex_);
      if (stopping_ || error) return;
      closers_.push_back([connection] { connection->shut_down(); });
      connections_.emplace_back([this, connection] { serve(*connection); });
    }
  }

  void serve(Connection& connection) {
    if (!has_tls_) {
      StreamPeer<Socket> peer(connection.socket, connection);
      return talk(peer);
    }
    boost::asio::ssl::stream<Socket&> stream(connection.socket, tls_);
    boost::system::error_code error;
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    StreamPeer<boost::asio::ssl::stream<Socket&>> peer(stream, connection);
    if (!error) talk(peer);
    peer.close();
  }

  template <class StreamPeerType>
  void talk(StreamPeerType& peer) {
    std::string bytes;
    while (!peer.is_closed) {
      size_t end = 0;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
        const std::string more = peer.receive();
        if (more.empty()) return peer.close();
        bytes += more;
      }
      ReceivedRequest request;
      request.head = bytes.substr(0, end + 2);
      bytes.erase(0, end + 4);
      const size_t blank = request.head.find(' ');
      request.method = request.head.substr(0, blank);
      request.path = request.head.substr(blank + 1, request.head.find(' ', blank + 1) - blank - 1);
      const size_t length = request.head.find("Content-Length: ");
      const size_t n_body =
          length == std::string::npos ? 0 : std::stoul(request.head.substr(length + 16));
      while (bytes.size() < n_body) {
        const std::string more = peer.receive();
        if (more.empty()) return peer.close();
        bytes += more;
      }
      request.body = bytes.substr(0, n_body);
      bytes.erase(0, n_body);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      handler_(request, peer);
    }
  }

  const Handler handler_;
  const bool has_tls_;
  boost::asio::io_context io_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};

  mutable std::mutex mutex_;
  bool stopping_ = false;  // these: guarded by mutex_
  std::vector<ReceivedRequest> requests_;
  std::vector<std::function<void()>> closers_;
  std::list<std::thread> connections_;

  std::thread thread_;
};

}  // namespace fathom::completion
