#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didPartiallyAcceptCompletion, of clients that know GitHub's Copilot language
/// server. How much was accepted is not counted.
void did_partially_accept_completion(Session& session, const SuggestionParams& params) {
  session.suggestions().partially_accepted(params.suggestion);
}

}  // namespace fathom::lsp
