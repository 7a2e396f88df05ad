// Opens a port.
//
// Threads: that of the acceptor's loop, or before it runs.

#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace fathom::lsp {

/// Listens at the endpoint; of an IPv6 address for IPv6 only. If that fails, `acceptor` is closed.
boost::system::error_code listen_at(boost::asio::ip::tcp::acceptor& acceptor,
                                    const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace fathom::lsp
