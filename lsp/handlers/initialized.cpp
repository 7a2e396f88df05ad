#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// initialized: from here on the server may send messages of its own.
void initialized(Session& session, const NoParams&) {
  session.model().listen(session.client().has_work_done_progress);
  session.watch_settings();
}

}  // namespace fathom::lsp
