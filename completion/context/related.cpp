#include "completion/context/related.h"

#include <algorithm>

#include "completion/context/window.h"

namespace fathom::completion {

std::vector<RelatedFile> gather_related(std::span<const SnapshotPtr> files,
                                        const engine::Tokenizer& tokenizer, int max_tokens) {
  std::vector<RelatedFile> result;
  int room = max_tokens;
  for (size_t i = 0; i < files.size(); ++i) {
    const int share = room / static_cast<int>(files.size() - i);
    TokenWindow window = window_of_tokens(files[i]->text, 0, tokenizer, share);
    room -= static_cast<int>(window.tokens.size());
    if (window.tokens.empty()) continue;
    result.push_back({.file = files[i], .tokens = std::move(window.tokens), .end = window.end});
  }
  return result;
}

std::vector<RelatedFile> fitting_pieces(std::span<const CrossFilePiece> pieces, int max_tokens) {
  std::vector<const CrossFilePiece*> wanted;
  for (const CrossFilePiece& piece : pieces) wanted.push_back(&piece);
  std::sort(wanted.begin(), wanted.end(),
            [](const auto* a, const auto* b) { return a->rank < b->rank; });
  for (const CrossFilePiece*& piece : wanted) {
    max_tokens -= static_cast<int>(piece->tokens.size());
    if (max_tokens < 0) piece = nullptr;
  }
  std::vector<RelatedFile> result;
  for (const CrossFilePiece& piece : pieces) {
    if (std::find(wanted.begin(), wanted.end(), &piece) == wanted.end()) continue;
    result.push_back({.file = piece.file,
                      .tokens = piece.tokens,
                      .begin = piece.begin,
                      .end = piece.end,
                      .kind = piece.kind});
  }
  return result;
}

}  // namespace fathom::completion
