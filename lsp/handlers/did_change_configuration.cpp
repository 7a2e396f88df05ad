#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/didChangeConfiguration: `settings.fathom` replaces the settings of before.
void did_change_configuration(Session& session, const ConfigurationParams& params) {
  if (params.settings) session.settings() = *params.settings;
}

}  // namespace fathom::lsp
