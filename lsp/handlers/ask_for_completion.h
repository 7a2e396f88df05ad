// What inlineCompletion and completion share: from a position to a job.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "completion/assistant.h"
#include "lsp/json.h"
#include "lsp/position.h"
#include "lsp/protocol.h"
#include "lsp/reply.h"
#include "lsp/session.h"
#include "lsp/suggestion.h"

namespace fathom::lsp {

struct CompletionQuery {
  const std::string& uri;
  Position position;
  completion::Trigger trigger = completion::Trigger::automatic;
  std::optional<SelectedCompletion> selected;
};

/// The command that a client runs when it inserts a suggestion, so that it is counted.
Json accept_command(const Suggestion& suggestion);

/// The result of the method for a suggestion, or for none.
using RenderSuggestion =
    std::function<Json(const CompletionPlace&, const std::optional<Suggestion>&)>;

/// Freezes the document and hands the work to the assistant; answers at once if the document or
/// the line does not exist (invalid params), or with no suggestion if there is no model (yet).
/// Main thread; never waits.
void ask_for_completion(Session& session, const CompletionQuery& query, RenderSuggestion render,
                        Reply reply);

}  // namespace fathom::lsp
