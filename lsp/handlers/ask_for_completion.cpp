#include "lsp/handlers/ask_for_completion.h"

#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/commands.h"

namespace fathom::lsp {
namespace {

constexpr size_t kMaxOpen = 12;  // documents that the model may be shown something of

bool is_wanted(const completion::Config& settings, const std::string& language) {
  const bool is_disabled =
      fmt::format(" {} ", settings.disabled_languages).find(fmt::format(" {} ", language)) !=
      std::string::npos;
  return settings.suggest && !is_disabled;
}

/// The workspace, and what else the person has open and was at.
void add_other_files(Session& session, const std::string& uri,
                     completion::CompletionRequest& request) {
  request.root = session.workspace().root_of(uri);
  for (const std::string& other : session.history().documents()) {
    if (request.open.size() == kMaxOpen) break;
    const Document* document = other == uri ? nullptr : session.documents().find(other);
    if (document) request.open.push_back(document->snapshot());
  }
  for (const History::Region& region : session.history().regions()) {
    const Document* document = region.uri == uri ? nullptr : session.documents().find(region.uri);
    if (!document) continue;
    const auto offset = [&](size_t line) {
      return document->offset_of({.line = static_cast<uint32_t>(line)})
          .value_or(document->text().size());
    };
    request.recent.push_back({.snapshot = document->snapshot(),
                              .begin = offset(region.begin),
                              .end = offset(region.end)});
  }
}

}  // namespace

Json accept_command(const Suggestion& suggestion) {
  return {{"title", "Accepted"},
          {"command", kDidAcceptCommand},
          {"arguments", Json::array({{{"id", suggestion.id}}})}};
}

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
  const completion::Config& settings = session.settings();
  const std::shared_ptr<completion::Assistant> assistant =
      session.services().models.get(completion::Role::completion);
  if (!assistant || !is_wanted(settings, place->snapshot->language))
    return reply.ok(render(*place, std::nullopt));

  session.history().viewed(query.uri, query.position.line);
  completion::CompletionRequest request{.snapshot = place->snapshot,
                                        .cursor = place->cursor,
                                        .trigger = query.trigger,
                                        .max_tokens = settings.max_completion_tokens,
                                        .max_lines = settings.max_completion_lines,
                                        .min_confidence = settings.min_confidence,
                                        .cancel = {}};
  if (session.settings().cross_file) add_other_files(session, query.uri, request);
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
        std::optional<Suggestion> suggestion = make_suggestion(place, completion, selected);
        if (suggestion)
          suggestion->id = session.suggestions().offer(*place.snapshot, suggestion->begin,
                                                       suggestion->end, suggestion->text);
        return render(place, suggestion);
      },
      std::move(reply), std::move(early));
}

}  // namespace fathom::lsp
