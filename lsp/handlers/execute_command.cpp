#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/handlers/assist.h"
#include "lsp/handlers/handlers.h"
#include "lsp/handlers/review.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/executeCommand
void execute_command(Session& session, const ExecuteCommandParams& params, Reply reply) {
  if (const AssistCommand* command = find_assist_command(params.command))
    return assist(session, *command, params, std::move(reply));
  if (params.command == kAnswerNowCommand) {
    session.explanations().answer_now(params.answer_now.token);
    return reply.ok(nullptr);
  }
  if (params.command == kDidAcceptCommand) {
    SuggestionTracker& suggestions = session.suggestions();
    suggestions.accepted(params.suggestion,
                         session.documents().find(suggestions.uri_of(params.suggestion)),
                         SuggestionTracker::Clock::now());
    return reply.ok(nullptr);
  }
  if (params.command == kReviewCommand) return review(session, params, std::move(reply));
  if (params.command == kClearReviewCommand) {
    session.findings().clear();
    return reply.ok(nullptr);
  }
  if (params.command == kDismissFindingCommand) {
    session.findings().dismiss(params.finding.uri, params.finding.fingerprint);
    return reply.ok(nullptr);
  }
  if (params.command == kAskAboutServerCommand) {
    session.models().ask_again();
    return reply.ok(nullptr);
  }
  reply.fail(RpcError::invalid_params, "fathom does not know the command " + params.command);
}

}  // namespace fathom::lsp
