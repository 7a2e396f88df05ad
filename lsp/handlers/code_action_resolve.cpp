#include <utility>

#include "lsp/handlers/assist.h"
#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// codeAction/resolve: the edit of an action, which the client shows or makes.
void code_action_resolve(Session& session, const CodeActionResolveParams& params, Reply reply) {
  resolve_edit(session, *find_assist_command(params.command), params, std::move(reply));
}

}  // namespace fathom::lsp
