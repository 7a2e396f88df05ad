#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// fathom/chooseModel
void choose_model(Session& session, const ChooseModelParams& params, Reply reply) {
  if (params.model) return session.model().choose(*params.model, std::move(reply));
  session.services().models.unchoose();
  session.models().get(completion::Role::completion);  // which starts to load it
  reply.ok(nullptr);
}

}  // namespace fathom::lsp
