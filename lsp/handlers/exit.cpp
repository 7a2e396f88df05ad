#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// exit
void exit(Session& session, const NoParams&) { session.leave(); }

}  // namespace fathom::lsp
