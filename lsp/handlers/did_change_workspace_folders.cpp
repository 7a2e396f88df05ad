#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {

/// workspace/didChangeWorkspaceFolders: counts for documents opened from now on.
void did_change_workspace_folders(Session& session, const FoldersParams& params) {
  for (const std::string& folder : params.removed) session.workspace().remove(folder);
  for (const std::string& folder : params.added) session.workspace().add(folder);
  session.models().folders_changed();
}

}  // namespace fathom::lsp
