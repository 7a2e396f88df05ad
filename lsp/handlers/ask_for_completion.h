// What inlineCompletion and completion share: from a position to a job.

#pragma once

#include <functional>
#include <optional>
#include <span>
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
  int n = 1;  // suggestions wanted
  std::optional<SelectedCompletion> selected;
};

/// The command that a client runs when it inserts a suggestion, so that it is counted.
Json accept_command(const Suggestion& suggestion);

/// Suggestions for somebody who asks by hand, and may choose.
inline constexpr int kWhenInvoked = 3;

/// The result of the method for suggestions, the likeliest first; there may be none.
using RenderSuggestions = std::function<Json(const CompletionPlace&, std::span<const Suggestion>)>;

/// Freezes the document and hands the work to the assistant; answers at once if the document or
/// the line does not exist (invalid params), or with no suggestion if there is no model (yet).
/// Main thread; never waits.
void ask_for_completion(Session& session, const CompletionQuery& query, RenderSuggestions render,
                        Reply reply);

}  // namespace fathom::lsp
