#include <utility>

#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// fathom/chooseModel
void choose_model(Session& session, const ChooseModelParams& params, Reply reply) {
  session.model().choose(params.model, std::move(reply));
}

}  // namespace fathom::lsp
