#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didChange. A completion in flight goes on: clients show it while it still fits.
/// What nobody has asked for yet stops.
void did_change(Session& session, const DidChangeParams& params) {
  Document* document = session.documents().find(params.uri);
  if (!document) return session.log().warning("{} was changed but is not open", params.uri);
  for (const ContentChange& change : params.changes) {
    if (change.range) {
      document->replace(*change.range, change.text);
    } else {
      document->replace_all(change.text);
    }
  }
  document->set_version(params.version);
  session.with_assistants([&](completion::Assistant& assistant) {
    assistant.edited({.client = session.options().client, .uri = params.uri});
  });
}

}  // namespace fathom::lsp
