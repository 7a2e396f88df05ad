#include <nlohmann/json.hpp>

#include "completion/workspaces.h"
#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

/// So that the index follows what other programs write.
void watch_files(Session& session) {
  if (!session.services().workspaces || !session.capabilities().can_register_watched_files) return;
  Json watchers = Json::array();
  for (const std::string& glob : completion::Workspaces::watched_globs())
    watchers.push_back({{"globPattern", glob}});
  session.router().request(
      "client/registerCapability",
      {{"registrations", Json::array({{{"id", "fathom/files"},
                                       {"method", "workspace/didChangeWatchedFiles"},
                                       {"registerOptions", {{"watchers", watchers}}}}})}},
      [](bool) {});
}

}  // namespace

/// initialized: from here on the server may send messages of its own.
void initialized(Session& session, const NoParams&) {
  session.models().listen();
  session.models().get(completion::Role::completion);  // which starts to load it, or asks
  session.model().listen(session.capabilities().has_work_done_progress);
  session.watch_settings();
  watch_files(session);
}

}  // namespace fathom::lsp
