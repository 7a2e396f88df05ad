#include <algorithm>

#include "lsp/handlers/handlers.h"
#include "lsp/handlers/warm_up.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didChange. A completion in flight goes on: clients show it while it still fits.
/// What nobody has asked for yet stops.
void did_change(Session& session, const DidChangeParams& params) {
  Document* document = session.documents().find(params.uri);
  if (!document) return session.log().warning("{} was changed but is not open", params.uri);
  session.suggestions().before_change(*document, SuggestionTracker::Clock::now());
  for (const ContentChange& change : params.changes) {
    if (change.range) {
      const auto [first, last] = std::minmax(change.range->start.line, change.range->end.line);
      const auto n_new = std::count(change.text.begin(), change.text.end(), '\n') + 1;
      const size_t n_old = std::min<size_t>(last, document->n_lines()) - first + 1;
      if (first < document->n_lines())
        session.history().edited(
            params.uri, {.line = first, .n_old = n_old, .n_new = static_cast<size_t>(n_new)});
    } else {
      session.history().replaced(params.uri);
    }
    const size_t n_lines = document->n_lines();
    const TextEdit edit = session.documents().apply(*document, change);
    session.suggestions().changed(*document, edit);
    session.findings().changed(*document, edit, n_lines);
    warm_up_soon(session, params.uri, document->position_of(edit.begin + edit.n_inserted));
  }
  document->set_version(params.version);
  if (session.documents().are_too_large()) return let_go_of_document(session, params.uri);
  for (const auto& assistant : session.services().models.loaded())
    assistant->edited({.client = session.options().client, .uri = params.uri});
}

}  // namespace fathom::lsp
