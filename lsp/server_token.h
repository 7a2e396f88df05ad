// The secret that clients on a loopback port must know: everybody on the machine can connect there,
// also a web page in a browser.
//
// Threads: any.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::lsp {

/// 256 random bits as 64 hexadecimal digits. Errors: io (the system gives no random numbers).
Result<std::string> make_token();

/// Writes the token and a line end into a new file that only its owner can read; replaces the one
/// that an earlier daemon left. Errors: io.
Status write_token(const std::filesystem::path& path, std::string_view token);

/// Removes the file unless it holds another token by now, of another daemon.
void remove_token(const std::filesystem::path& path, std::string_view token);

/// Takes as long for every `said` of one length, however much of it is right.
bool is_token(std::string_view said, std::string_view token);

}  // namespace fathom::lsp
