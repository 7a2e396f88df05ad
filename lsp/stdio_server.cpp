#include "lsp/stdio_server.h"

#include "lsp/services.h"
#include "lsp/session.h"
#include "lsp/transport_stdio.h"

namespace fathom::lsp {

int run_stdio(const StdioOptions& options, completion::ModelHost& models, Log& log) {
  auto opened = StdioTransport::open({.input = options.input_fd,
                                      .output = options.output_fd,
                                      .parent_poll_ms = options.parent_poll_ms},
                                     log);
  if (!opened) {
    log.error("{}", opened.error().message);
    return 1;
  }
  StdioTransport& transport = **opened;
  Services services{.models = models,
                    .daemon_status = {},
                    .acceptance = options.acceptance,
                    .counters = options.counters};
  Session session(transport,
                  {.version = options.version,
                   .config = options.config,
                   .config_watch = options.config_watch,
                   .workspaces = options.workspaces},
                  services, log);
  transport.run([&](std::string_view bytes) { return session.on_bytes(bytes); },
                [&] { session.on_end(); });
  return session.exit_code();
}

}  // namespace fathom::lsp
