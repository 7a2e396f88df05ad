#include "lsp/handlers/handlers.h"
#include "lsp/session.h"
#include "lsp/uri.h"

namespace fathom::lsp {

/// textDocument/didSave: for clients that do not watch files.
void did_save(Session& session, const DocumentParams& params) {
  if (auto* workspaces = session.services().workspaces)
    workspaces->file_changed(path_of_uri(params.uri));
}

}  // namespace fathom::lsp
