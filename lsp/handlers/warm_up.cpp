#include "lsp/handlers/warm_up.h"

#include <memory>
#include <optional>

#include "lsp/handlers/completion_request.h"

namespace fathom::lsp {
namespace {

void warm_up(Session& session, const std::string& uri, Position position) {
  const Document* document = session.documents().find(uri);
  if (!document) return;
  const std::optional<CompletionPlace> place =
      make_place(*document, position, session.client().encoding);
  using completion::Role;
  using completion::Trigger;
  if (!place || !is_wanted(session.settings(), place->snapshot->language, Trigger::automatic))
    return;
  // Asking for one that is not there would load it.
  if (session.models().state(Role::completion).phase != completion::ModelState::Phase::ready)
    return;
  if (const auto assistant = session.models().get(Role::completion))
    assistant->warm_up(completion_request(session, *place, Trigger::automatic));
}

}  // namespace

void warm_up_soon(Session& session, const std::string& uri, Position position) {
  session.cursor() = Cursor{.uri = uri, .position = position};
  warm_up_again(session);
}

void warm_up_again(Session& session) {
  if (!session.cursor()) return;
  session.pause().then([&session] {
    if (session.cursor()) warm_up(session, session.cursor()->uri, session.cursor()->position);
  });
}

}  // namespace fathom::lsp
