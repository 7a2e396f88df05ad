#include "lsp/stdio_server.h"

#include <exception>
#include <thread>
#include <utility>

#include "lsp/session.h"
#include "lsp/transport_stdio.h"

namespace fathom::lsp {
namespace {

/// A library that throws while the model is loaded costs the suggestions, not the process.
Result<std::shared_ptr<completion::Assistant>> load_guarded(const AssistantLoader& load) {
  try {
    return load();
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, "{}", error.what());
  }
}

}  // namespace

int run_stdio(AssistantLoader load, const StdioOptions& options, Log& log) {
  auto opened = StdioTransport::open({.input = options.input_fd,
                                      .output = options.output_fd,
                                      .parent_poll_ms = options.parent_poll_ms},
                                     log);
  if (!opened) {
    log.error("{}", opened.error().message);
    return 1;
  }
  StdioTransport& transport = **opened;
  Session session(
      transport,
      {.version = options.version, .config = options.config, .config_watch = options.config_watch},
      log);
  const std::jthread loader([&] {
    auto loaded = load_guarded(load);
    transport.post([&session, loaded = std::move(loaded)] { session.on_model(loaded); });
  });
  transport.run([&](std::string_view bytes) { session.on_bytes(bytes); },
                [&] { session.on_end(); });
  return session.exit_code();
}

}  // namespace fathom::lsp
