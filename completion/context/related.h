// Other files of the repository, or pieces of them, that the model is shown before the one with the
// cursor.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "completion/context/cross_file.h"
#include "completion/snapshot.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct RelatedFile {
  SnapshotPtr file;
  std::vector<engine::TokenId> tokens;  // of bytes [begin, end), lines ending with LF
  size_t begin = 0;
  size_t end = 0;
  std::string kind = "related";  // as ContextPiece::kind
};

/// Of each file as many of its first lines as fit into an even share of `max_tokens`; what short
/// files leave goes to those behind them. Files of which nothing fits are left out. In the given
/// order.
std::vector<RelatedFile> gather_related(std::span<const SnapshotPtr> files,
                                        const engine::Tokenizer& tokenizer, int max_tokens);

/// Those of the pieces that fit into `max_tokens`, the most wanted ones; in the given order.
std::vector<RelatedFile> fitting_pieces(std::span<const CrossFilePiece> pieces, int max_tokens);

}  // namespace fathom::completion
