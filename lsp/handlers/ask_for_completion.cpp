#include "lsp/handlers/ask_for_completion.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

bool is_wanted(const completion::Config& settings, const std::string& language) {
  const bool is_disabled =
      fmt::format(" {} ", settings.disabled_languages).find(fmt::format(" {} ", language)) !=
      std::string::npos;
  return settings.suggest && !is_disabled;
}

}  // namespace

void ask_for_completion(Session& session, const CompletionQuery& query, RenderSuggestion render,
                        Reply reply) {
  const Document* document = session.documents().find(query.uri);
  if (!document)
    return reply.fail(RpcError::invalid_params, "the document is not open: " + query.uri);
  std::optional<CompletionPlace> place =
      make_place(*document, query.position, session.client().encoding);
  if (!place) {
    return reply.fail(RpcError::invalid_params,
                      fmt::format("position.line is {}, the document has {} lines",
                                  query.position.line, document->n_lines()));
  }
  const std::shared_ptr<completion::Assistant> assistant =
      session.services().models.get(completion::Role::completion);
  if (!assistant || !is_wanted(session.settings(), place->snapshot->language))
    return reply.ok(render(*place, std::nullopt));

  completion::CompletionRequest request{.snapshot = place->snapshot,
                                        .cursor = place->cursor,
                                        .trigger = query.trigger,
                                        .max_tokens = session.settings().max_completion_tokens,
                                        .cancel = {}};
  session.completions().start(
      *assistant, std::move(request),
      [place = std::move(*place), selected = query.selected,
       render = std::move(render)](const completion::Completion& completion) {
        return render(place, make_suggestion(place, completion, selected));
      },
      std::move(reply));
}

}  // namespace fathom::lsp
