#include "lsp/stdio_server.h"

#include "lsp/session.h"

namespace fathom::lsp {

int run_stdio(const StdioOptions& options, Services& services, Log& log) {
  auto opened = StdioTransport::open(options.stdio, log);
  if (!opened) {
    log.error("{}", opened.error().message);
    return 1;
  }
  StdioTransport& transport = **opened;
  Session session(transport, {.version = options.version, .config = options.config}, services, log);
  transport.run([&](std::string_view bytes) { return session.on_bytes(bytes); },
                [&] { session.on_end(); });
  return session.exit_code();
}

}  // namespace fathom::lsp
