// The text of one version of a document, frozen.

#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>

namespace fathom::completion {

/// Two editors may have the same file open, with different texts.
struct DocumentId {
  uint64_t client = 0;
  std::string uri;

  auto operator<=>(const DocumentId&) const = default;
};

/// Immutable; shared between threads as SnapshotPtr.
struct Snapshot {
  std::string uri;       // of one client: two snapshots with it are versions of one document
  std::string path;      // as shown to the model: relative to the workspace, '/' between parts
  std::string language;  // LSP language id: "cpp", "typescriptreact", ...; "" if unknown
  int64_t version = 0;
  std::string text;     // usually UTF-8; any bytes are allowed; lines end as in the editor
  uint64_t client = 0;  // who has it open; 0 where there is only one

  DocumentId id() const { return {.client = client, .uri = uri}; }
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace fathom::completion
