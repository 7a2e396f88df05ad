#include <nlohmann/json.hpp>

#include "lsp/handlers/ask_for_completion.h"
#include "lsp/handlers/handlers.h"

namespace fathom::lsp {
namespace {

/// Never null: Neovim takes null for "keep what is shown".
Json inline_completion_list(const CompletionPlace&, std::span<const Suggestion> suggestions) {
  Json items = Json::array();
  for (const Suggestion& suggestion : suggestions)
    items.push_back({{"insertText", suggestion.text},
                     {"range", to_json(suggestion.range)},
                     {"command", accept_command(suggestion)}});
  return {{"items", std::move(items)}};
}

}  // namespace

/// textDocument/inlineCompletion (LSP 3.18): one suggestion while somebody types, several if they
/// were asked for.
void inline_completion(Session& session, const InlineCompletionParams& params, Reply reply) {
  ask_for_completion(
      session,
      {.uri = params.uri,
       .position = params.position,
       .trigger = params.automatic ? completion::Trigger::automatic : completion::Trigger::invoked,
       .n = params.automatic ? 1 : kWhenInvoked,
       .selected = params.selected},
      inline_completion_list, std::move(reply));
}

}  // namespace fathom::lsp
