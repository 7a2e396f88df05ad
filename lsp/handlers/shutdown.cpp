#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// shutdown: what is still in flight is answered as cancelled.
void shutdown(Session& session, const NoParams&, Reply reply) {
  reply.ok(nullptr);
  session.shut_down();
}

}  // namespace fathom::lsp
