// From a Completion in bytes to an edit that clients accept.
//
// Clients are particular about inline completions, each in its way; what comes out here satisfies
// all of them and always means the same text in the buffer:
// - the range is given (Neovim 0.12.0 crashes without) and lies on the cursor's line;
// - an edit of several lines replaces up to the end of the line (VS Code hides others);
// - lines end in \n, which editors turn into the document's own line ending.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "completion/assistant.h"
#include "completion/snapshot.h"
#include "lsp/document.h"
#include "lsp/position.h"
#include "lsp/protocol.h"

namespace fathom::lsp {

/// Where a completion was asked for, in the text as it was then. Immutable.
struct CompletionPlace {
  completion::SnapshotPtr snapshot;
  size_t cursor = 0;      // byte offset
  uint32_t line = 0;      // of the cursor
  size_t line_begin = 0;  // bytes of that line, without its line ending
  size_t line_end = 0;
  PositionEncoding encoding = PositionEncoding::utf16;
};

/// Replace `range` by `text`.
struct Suggestion {
  Range range;
  std::string text;
  size_t begin = 0;  // of the range, in bytes
  size_t end = 0;
  uint64_t id = 0;  // of the SuggestionTracker; 0: none yet
};

/// Nothing if the document has no such line.
std::optional<CompletionPlace> make_place(const Document& document, Position position,
                                          PositionEncoding encoding);

/// The completion and its alternatives; none if there is nothing to suggest. With `selected`, a
/// suggestion replaces the same range and begins with the selected text, or there is none: clients
/// show no other. No two are the same.
std::vector<Suggestion> make_suggestions(const CompletionPlace& place,
                                         const completion::Completion& completion,
                                         const std::optional<SelectedCompletion>& selected);

}  // namespace fathom::lsp
