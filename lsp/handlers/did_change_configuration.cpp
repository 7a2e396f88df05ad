#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/didChangeConfiguration: `settings.fathom` replaces what the client said before. A
/// client that says only that something changed is asked what it is.
void did_change_configuration(Session& session, const ConfigurationParams& params) {
  if (params.settings) {
    session.set_client_settings(*params.settings);
  } else {
    session.ask_for_settings();
  }
}

}  // namespace fathom::lsp
