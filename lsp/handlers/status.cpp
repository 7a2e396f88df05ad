#include <optional>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"
#include "lsp/status_report.h"

namespace fathom::lsp {

/// fathom/status: what this process is doing, as `fathom status` shows it, and where this client's
/// text may go.
void status(Session& session, const NoParams&, Reply reply) {
  Json status = status_report(session.services(), session.options().version);
  for (const completion::Role role : completion::kRoles) {
    Json& model = status["models"][size_t(role)];
    if (!model.contains("server")) continue;
    const std::optional<bool> consent = session.models().consent(role);
    model["server"]["consent"] = consent ? Json(*consent) : Json();
  }
  reply.ok(status);
}

}  // namespace fathom::lsp
