// Why the last suggestion of each document was what it was: the pieces of its prompt and the
// figures of its making. No text is kept. Main thread only.

#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "completion/assistant.h"
#include "completion/snapshot.h"

namespace fathom::lsp {

struct LedgerEntry {
  /// Lines of a piece that comes from the document itself, from 0, both included.
  struct Lines {
    int64_t first = -1;  // -1: the piece comes from elsewhere
    int64_t last = -1;
  };

  int64_t version = 0;                // of the document
  completion::Completion completion;  // without its text
  std::vector<Lines> lines;           // of each piece of completion.context
};

class Ledger final {
 public:
  /// A completion of a document has ended. One that was stopped before it began is no news.
  void record(const completion::Snapshot& document, const completion::Completion& completion);
  void forget(const std::string& uri) { entries_.erase(uri); }
  /// Null if there was no completion in the document.
  const LedgerEntry* find(const std::string& uri) const;

 private:
  std::unordered_map<std::string, LedgerEntry> entries_;  // by uri
};

}  // namespace fathom::lsp
