#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// textDocument/didShowCompletion, of clients that know GitHub's Copilot language server.
void did_show_completion(Session& session, const SuggestionParams& params) {
  session.suggestions().shown(params.suggestion);
}

}  // namespace fathom::lsp
