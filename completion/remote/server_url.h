// The address of a server as a person writes it: http[s]://HOST[:PORT][/BASE].
//
// Threads: any; plain data.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

struct ServerUrl {
  bool tls = true;
  std::string host;  // a name or an address; an IPv6 address without its brackets
  uint16_t port = 0;
  std::string base;  // "" or "/v": before each path; no slash at its end

  bool operator==(const ServerUrl&) const = default;

  /// "gpu.example:8080", "[::1]:8080"; without the port if it is the scheme's own.
  std::string authority() const;
  /// "https://gpu.example:8080": what a server is known by.
  std::string origin() const;
  /// Whether it is this machine: nothing crosses a network.
  bool is_loopback() const;
  /// Whether what is sent to it can be read on its way.
  bool is_unencrypted() const { return !tls && !is_loopback(); }
};

/// A "/v1" at the end is left out: people copy it from other programs' settings, and each path
/// says its own. Errors: invalid_argument; the message says what is wrong, not what else is in the
/// text, which may be a password.
Result<ServerUrl> parse_server_url(std::string_view text);

}  // namespace fathom::completion
