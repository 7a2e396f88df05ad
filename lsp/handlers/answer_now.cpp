#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// fathom/answerNow: the reasoning behind a progress token ends and the answer begins.
void answer_now(Session& session, const AnswerNowParams& params) {
  session.explanations().answer_now(params.token);
}

}  // namespace fathom::lsp
