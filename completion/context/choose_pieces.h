// Which pieces of other files go into a prompt, within a budget of tokens.
//
// Deterministic: the same files and the same document give the same pieces.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "completion/context/candidates.h"
#include "completion/context/cross_file.h"

namespace fathom::completion {

/// Lines that somebody was at lately, secrets masked.
struct RecentText {
  std::string path;
  std::string language;  // LSP id
  uint32_t begin = 0;    // in the file
  std::string text;
  int masked_secrets = 0;
};

struct PieceQuery {
  CandidateQuery candidates;
  std::string_view near;           // near_text() of the document
  std::vector<RecentText> recent;  // the latest first
  int max_tokens = 0;
};

/// A piece, and the file that it was cut from, to see later whether it still is what it was.
struct ChosenPiece {
  CrossFilePiece piece;
  SourceFilePtr source;
};

/// In the order of the prompt: what changes least comes first. Texts that repeat more than half of
/// the lines near the cursor are left out: they make a model repeat what is there.
std::vector<ChosenPiece> choose_pieces(const PieceQuery& query, const FilesAtHand& files,
                                       const engine::Tokenizer& tokenizer);

}  // namespace fathom::completion
