// The text around a cursor that a completion is made from, as tokens within a budget.
//
// Order: what rarely changes comes first, so that the engine finds it in its cache. The file's
// path; if the file does not fit, an outline of its first part; the code up to the cursor's line.
// Then the code behind the cursor. What is typed on the cursor's line stays text: only the prompt's
// layout says where it goes.
//
// Deterministic: the same snapshot and cursor give the same context.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "completion/assistant.h"
#include "completion/context/related.h"
#include "completion/syntax/outline.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct ContextOptions {
  int max_tokens = 0;     // of head and suffix; the line has at most half as many
  std::string path_line;  // "#src/a.cpp\n", or "" for none
};

struct Context {
  std::vector<RelatedFile> related;     // what the prompt begins with
  std::vector<engine::TokenId> head;    // path, outline, and the code before the cursor's line
  std::string line;                     // of the cursor's line what is before the cursor
  std::vector<engine::TokenId> suffix;  // what is behind it
  std::vector<ContextPiece> pieces;     // in the order of the prompt
};

/// Lines end with LF in the context. `outliner` is that of the document, or nullptr if its
/// language is not supported. Encodes what is shown, not the file.
Context gather_context(const Snapshot& snapshot, size_t cursor, Outliner* outliner,
                       const engine::Tokenizer& tokenizer, const ContextOptions& options);

}  // namespace fathom::completion
