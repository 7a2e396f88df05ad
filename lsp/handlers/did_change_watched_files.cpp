#include "lsp/handlers/handlers.h"
#include "lsp/session.h"
#include "lsp/uri.h"

namespace fathom::lsp {

/// workspace/didChangeWatchedFiles: files of the workspace were written, made or deleted, by
/// whomever.
void did_change_watched_files(Session& session, const WatchedFilesParams& params) {
  auto* workspaces = session.services().workspaces;
  if (!workspaces) return;
  for (const std::string& uri : params.uris) workspaces->file_changed(path_of_uri(uri));
}

}  // namespace fathom::lsp
