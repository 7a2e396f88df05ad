// The text of one version of a document, frozen.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fathom::completion {

/// Immutable; shared between threads as SnapshotPtr.
struct Snapshot {
  std::string uri;       // identity: two snapshots with the same uri are versions of one document
  std::string path;      // as shown to the model: relative to the workspace, '/' between parts
  std::string language;  // LSP language id: "cpp", "typescriptreact", ...; "" if unknown
  int64_t version = 0;
  std::string text;  // usually UTF-8; any bytes are allowed; lines end as in the editor
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace fathom::completion
