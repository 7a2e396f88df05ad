// The addresses of a host, by the system's resolver, which may take as long as it likes.
//
// Each look-up has a thread of its own that nobody waits for: what is asked of a name server that
// does not answer cannot be called back, and must not keep a program from ending.
//
// Threads: that of the executor.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace fathom::completion {

struct HostAddresses {
  boost::system::error_code error;  // boost::beast::error::timeout after the limit
  std::vector<boost::asio::ip::tcp::endpoint> endpoints;
};

/// Waits; runs on a thread of its own, which may outlive everything else.
using HostLookUp = std::function<HostAddresses(const std::string& host, uint16_t port)>;

/// getaddrinfo.
HostAddresses look_up_by_system(const std::string& host, uint16_t port);

/// `stop` is set while it waits, and makes it end at once. All of these must outlive the call.
boost::asio::awaitable<HostAddresses> look_up_host(const std::string& host, uint16_t port,
                                                   std::chrono::milliseconds limit,
                                                   std::function<void()>& stop,
                                                   const HostLookUp& look_up);

}  // namespace fathom::completion
