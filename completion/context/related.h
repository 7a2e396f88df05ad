// Other files of the repository that the model is shown before the one with the cursor.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "completion/snapshot.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct RelatedFile {
  SnapshotPtr file;
  std::vector<engine::TokenId> tokens;  // of its first `end` bytes, lines ending with LF
  size_t end = 0;
};

/// Of each file as many of its first lines as fit into an even share of `max_tokens`; what short
/// files leave goes to those behind them. Files of which nothing fits are left out. In the given
/// order.
std::vector<RelatedFile> gather_related(std::span<const SnapshotPtr> files,
                                        const engine::Tokenizer& tokenizer, int max_tokens);

}  // namespace fathom::completion
