#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didClose: what is being completed in the document is answered now, empty.
/// An explanation goes on: it works on a copy, and its reader is looking at another window.
void did_close(Session& session, const DocumentParams& params) {
  session.completions().stop(params.uri);
  session.ledger().forget(params.uri);
  if (const Document* document = session.documents().find(params.uri))
    session.suggestions().closing(*document);
  for (const auto& assistant : session.services().models.loaded())
    assistant->close({.client = session.options().client, .uri = params.uri});
  session.documents().close(params.uri);
  session.history().closed(params.uri);
}

}  // namespace fathom::lsp
