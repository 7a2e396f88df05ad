#include "completion/context/related.h"

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

}  // namespace fathom::completion
