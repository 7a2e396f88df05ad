#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/didChangeConfiguration: `settings.fathom` replaces what the client said before.
void did_change_configuration(Session& session, const ConfigurationParams& params) {
  if (params.settings) session.settings() = changed(session.options().settings, *params.settings);
}

}  // namespace fathom::lsp
