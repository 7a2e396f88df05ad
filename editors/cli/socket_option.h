// --socket: where the daemon listens, for every command that deals with it.

#pragma once

#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>

namespace fathom::cli {

/// `socket` stays "" unless one is given.
void add_socket_option(CLI::App& command, std::string& socket);
/// `socket`, or the usual place if that is "".
std::filesystem::path daemon_socket(const std::string& socket);

}  // namespace fathom::cli
