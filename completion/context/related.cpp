#include "completion/context/related.h"

#include "completion/context/window.h"
#include "completion/lines.h"

namespace fathom::completion {
namespace {

// As for the file with the cursor: code has 3 to 4 bytes a token.
constexpr size_t kBytesPerToken = 3;

RelatedFile first_lines(const SnapshotPtr& file, const engine::Tokenizer& tokenizer,
                        int max_tokens) {
  const std::string_view text = file->text;
  size_t bytes = static_cast<size_t>(max_tokens) * kBytesPerToken;
  for (; bytes > 0; bytes /= 2) {
    RelatedFile related{.file = file, .tokens = {}, .end = window_end(text, 0, bytes)};
    related.tokens = tokenizer.encode(to_lf(text.substr(0, related.end)));
    if (static_cast<int>(related.tokens.size()) <= max_tokens) return related;
  }
  return {.file = file, .tokens = {}, .end = 0};
}

}  // namespace

std::vector<RelatedFile> gather_related(std::span<const SnapshotPtr> files,
                                        const engine::Tokenizer& tokenizer, int max_tokens) {
  std::vector<RelatedFile> result;
  int room = max_tokens;
  for (size_t i = 0; i < files.size(); ++i) {
    const int share = room / static_cast<int>(files.size() - i);
    RelatedFile related = first_lines(files[i], tokenizer, share);
    room -= static_cast<int>(related.tokens.size());
    if (!related.tokens.empty()) result.push_back(std::move(related));
  }
  return result;
}

}  // namespace fathom::completion
