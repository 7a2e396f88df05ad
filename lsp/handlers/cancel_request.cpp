#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// $/cancelRequest: the request is answered at once, its work stops when it notices.
void cancel_request(Session& session, const CancelParams& params) {
  session.router().cancel(params.id);
}

}  // namespace fathom::lsp
