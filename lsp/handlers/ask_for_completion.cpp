#include "lsp/handlers/ask_for_completion.h"

#include <chrono>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/handlers/completion_request.h"

namespace fathom::lsp {
Json accept_command(const Suggestion& suggestion) {
  return {{"title", "Accepted"},
          {"command", kDidAcceptCommand},
          {"arguments", Json::array({{{"id", suggestion.id}}})}};
}

void ask_for_completion(Session& session, const CompletionQuery& query, RenderSuggestions render,
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
  const completion::Config& settings = session.settings();
  const std::shared_ptr<completion::Assistant> assistant =
      session.models().get(completion::Role::completion);
  if (!assistant || !is_wanted(settings, place->snapshot->language, query.trigger))
    return reply.ok(render(*place, {}));

  session.history().viewed(query.uri, query.position.line);
  session.pause().cancel();  // the prompt is computed now
  completion::CompletionRequest request = completion_request(session, *place, query.trigger);
  request.n = query.n;
  CompletionJobs::Early early{
      .budget = std::chrono::milliseconds(settings.latency_budget_ms),
      .on_extended = [&router = session.router(), uri = query.uri, position = query.position] {
        router.notify("fathom/didExtendCompletion",
                      {{"textDocument", {{"uri", uri}}},
                       {"position", {{"line", position.line}, {"character", position.character}}}});
      }};
  session.completions().start(
      *assistant, std::move(request),
      [&session, place = std::move(*place), selected = query.selected,
       render = std::move(render)](const completion::Completion& completion) {
        session.ledger().record(*place.snapshot, completion);
        std::vector<Suggestion> suggestions = make_suggestions(place, completion, selected);
        session.suggestions().offer(*place.snapshot, suggestions);
        return render(place, suggestions);
      },
      std::move(reply), std::move(early));
}

}  // namespace fathom::lsp
