#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"
#include "lsp/status_report.h"

namespace fathom::lsp {

/// fathom/status: what this process is doing, as `fathom status` shows it.
void status(Session& session, const NoParams&, Reply reply) {
  reply.ok(status_report(session.services(), session.options().version));
}

}  // namespace fathom::lsp
