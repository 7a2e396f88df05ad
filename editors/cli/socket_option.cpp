#include "editors/cli/socket_option.h"

#include "lsp/server_socket.h"

namespace fathom::cli {

void add_socket_option(CLI::App& command, std::string& socket) {
  command
      .add_option("--socket", socket,
                  "the daemon's Unix socket (default: " + lsp::default_socket_path().string() + ")")
      ->type_name("PATH");
}

std::filesystem::path daemon_socket(const std::string& socket) {
  return socket.empty() ? lsp::default_socket_path() : std::filesystem::path(socket);
}

}  // namespace fathom::cli
