#include "tests/lsp/socket_client.h"

#include <array>
#include <optional>
#include <utility>
#include <variant>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lsp/server_socket.h"

namespace fathom::lsp {

using Json = nlohmann::json;

bool is_served(const std::filesystem::path& socket) {
  const Result<ServerPeer> peer = connect_to_server(socket);
  if (!peer) return false;
  ::close(peer->input);
  ::close(peer->output);
  return true;
}

SocketClient::SocketClient(const std::filesystem::path& socket)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) hang_up();
}

SocketClient::SocketClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) hang_up();
}

SocketClient::~SocketClient() { hang_up(); }

void SocketClient::hang_up() {
  if (socket_ != -1) ::close(std::exchange(socket_, -1));
}

bool SocketClient::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(size_t(n));
  }
  return true;
}

void SocketClient::send_until_full(std::string_view bytes) {
  pollfd writable{.fd = socket_, .events = POLLOUT, .revents = 0};
  // Full for a while is full: the other side reads as fast as it can while it reads.
  while (::poll(&writable, 1, 200) == 1 &&
         ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
             ssize_t(bytes.size())) {
  }
}

void SocketClient::notify(const std::string& method, const Json& params) {
  send_bytes(frame(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump()));
}

int SocketClient::request(const std::string& method, const Json& params) {
  const Json message = {
      {"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}};
  send_bytes(frame(message.dump()));
  return last_id_;
}

Json SocketClient::answer(int id) {
  while (true) {
    while (const std::optional<Frame> next = frames_.next()) {
      Json message = Json::parse(std::get<std::string>(*next));
      if (!message.contains("method") && message["id"] == id) return message;
    }
    const std::string bytes = read_some();
    if (bytes.empty()) return nullptr;
    frames_.push(bytes);
  }
}

Json SocketClient::open(const std::string& uri, const std::string& text) {
  Json greeted =
      answer(request("initialize", {{"clientInfo", {{"name", "test"}, {"version", "7"}}}}));
  notify("initialized", Json::object());
  notify("textDocument/didOpen",
         {{"textDocument", {{"uri", uri}, {"languageId", "cpp"}, {"version", 1}, {"text", text}}}});
  return greeted;
}

int SocketClient::complete(const std::string& uri) {
  return request(
      "textDocument/inlineCompletion",
      {{"textDocument", {{"uri", uri}}}, {"position", {{"line", 0}, {"character", 1000}}}});
}

std::string SocketClient::read_to_end() {
  std::string all;
  for (std::string bytes = read_some(); !bytes.empty(); bytes = read_some()) all += bytes;
  return all;
}

std::string SocketClient::read_some() {
  pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, 60'000) != 1) return {};
  std::array<char, 65536> buffer{};
  const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), 0);
  return n > 0 ? std::string(buffer.data(), size_t(n)) : std::string();
}

}  // namespace fathom::lsp
