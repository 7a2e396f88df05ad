// Edits of documents as the client understands them ("WorkspaceEdit" of LSP 3.16).
//
// An edit names the version of the document that it was made for, where the client knows versions,
// so that it fails instead of landing in other text; where the client can show edits before it
// makes them, it is asked to. Main thread only; plain data.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lsp/json.h"
#include "lsp/position.h"

namespace fathom::lsp {

/// What the client said it can do with edits.
struct EditSupport {
  bool document_changes = false;
  bool annotations = false;
  bool create = false;  // of files
};

struct ProposedEdit {
  std::string uri;
  int64_t version = 0;
  Range range;
  std::string text;
  bool creates = false;     // the file, which must not exist; `version` and `range` mean nothing
  std::string label;        // "Fix with fathom"
  std::string description;  // what it is about, for a list of edits
};

/// Nothing if the client has no way to make the edit.
std::optional<Json> workspace_edit(const ProposedEdit& edit, const EditSupport& support);

}  // namespace fathom::lsp
