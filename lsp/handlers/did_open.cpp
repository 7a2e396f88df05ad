#include "lsp/handlers/handlers.h"
#include "lsp/handlers/warm_up.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

constexpr size_t kMaxWarmedBytes = 4096;

}  // namespace

/// textDocument/didOpen
void did_open(Session& session, const DidOpenParams& params) {
  session.completions().stop(params.uri);
  session.history().opened(params.uri);
  if (const Document* older = session.documents().find(params.uri))
    session.suggestions().closing(*older);  // a client that opens twice
  session.documents().open(Document({.uri = params.uri,
                                     .path = session.workspace().relative_path(params.uri),
                                     .language = params.language,
                                     .client = session.options().client},
                                    params.version, params.text, session.client().encoding));
  if (session.documents().are_too_large()) return let_go_of_document(session, params.uri);
  const Document* document = session.documents().find(params.uri);
  session.findings().opened(*document);
  // Most of a longer one would not be in the prompt, wherever the cursor is.
  if (params.text.size() > kMaxWarmedBytes) return;
  warm_up_soon(session, params.uri, document->position_of(params.text.size()));
}

}  // namespace fathom::lsp
