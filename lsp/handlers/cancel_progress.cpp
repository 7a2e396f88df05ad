#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// window/workDoneProgress/cancel
void cancel_progress(Session& session, const ProgressCancelParams& params) {
  session.explanations().cancel(params.token);
  session.reviews().cancel(params.token);
}

}  // namespace fathom::lsp
