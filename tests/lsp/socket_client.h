// A client of a daemon for tests: a blocking socket, one thread.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lsp/framing.h"

namespace fathom::lsp {

/// Whether a client gets through to a daemon there.
bool is_served(const std::filesystem::path& socket);

class SocketClient final {
 public:
  explicit SocketClient(const std::filesystem::path& socket);
  explicit SocketClient(uint16_t port);  // of 127.0.0.1
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;
  ~SocketClient();

  /// False: the other side does not take them any more.
  bool send_bytes(std::string_view bytes);
  /// Sends copies of `bytes` until the other side takes no more for now.
  void send_until_full(std::string_view bytes);
  void notify(const std::string& method, const nlohmann::json& params);
  /// Gives the id.
  int request(const std::string& method, const nlohmann::json& params);
  /// The answer to a request; what comes before it is dropped. Null: the other side hung up.
  nlohmann::json answer(int id);
  /// initialize, initialized and didOpen; gives the answer to the first.
  nlohmann::json open(const std::string& uri, const std::string& text);
  /// Asks for a completion at the end of the first line. Gives the id.
  int complete(const std::string& uri);
  /// Reads until the other side hangs up; what it sent.
  std::string read_to_end();
  void hang_up();

 private:
  /// Empty: the other side hung up, or says nothing for a minute.
  std::string read_some();

  int socket_ = -1;
  FrameReader frames_;
  int last_id_ = 0;
};

}  // namespace fathom::lsp
