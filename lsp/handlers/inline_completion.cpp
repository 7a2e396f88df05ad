#include <nlohmann/json.hpp>

#include "lsp/handlers/ask_for_completion.h"
#include "lsp/handlers/handlers.h"

namespace fathom::lsp {
namespace {

/// Never null: Neovim takes null for "keep what is shown".
Json inline_completion_list(const CompletionPlace&, const std::optional<Suggestion>& suggestion) {
  Json items = Json::array();
  if (suggestion)
    items.push_back({{"insertText", suggestion->text},
                     {"range", to_json(suggestion->range)},
                     {"command", accept_command(*suggestion)}});
  return {{"items", std::move(items)}};
}

}  // namespace

/// textDocument/inlineCompletion (LSP 3.18)
void inline_completion(Session& session, const InlineCompletionParams& params, Reply reply) {
  ask_for_completion(
      session,
      {.uri = params.uri,
       .position = params.position,
       .trigger = params.automatic ? completion::Trigger::automatic : completion::Trigger::invoked,
       .selected = params.selected},
      inline_completion_list, std::move(reply));
}

}  // namespace fathom::lsp
