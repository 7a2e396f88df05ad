// The vocabulary of JSON-RPC 2.0 as the language server protocol uses it.

#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace fathom::lsp {

/// Also the type of progress tokens.
using RequestId = std::variant<int64_t, std::string>;

/// The numbers are the protocol's: "ErrorCodes" and "LSPErrorCodes" of LSP 3.18.
enum class RpcError : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  server_not_initialized = -32002,
  request_failed = -32803,
  request_cancelled = -32800,
  content_modified = -32801,
};

}  // namespace fathom::lsp
