#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didOpen
void did_open(Session& session, const DidOpenParams& params) {
  session.completions().stop(params.uri);
  session.history().opened(params.uri);
  if (const Document* document = session.documents().find(params.uri))
    session.suggestions().closing(*document);  // a client that opens twice
  session.documents().open(Document({.uri = params.uri,
                                     .path = session.workspace().relative_path(params.uri),
                                     .language = params.language,
                                     .client = session.options().client},
                                    params.version, params.text, session.client().encoding));
}

}  // namespace fathom::lsp
