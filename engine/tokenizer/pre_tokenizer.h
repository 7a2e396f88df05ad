// Cuts text into the pieces that BPE merges never cross.
//
// A sequence of splits, each applied to every piece that the one before left. Nothing is ever
// removed: the pieces of a text, one after another, are the text.
//
// Immutable; any thread.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/tokenizer/regex.h"

namespace fathom::engine {

/// What becomes of the matches of a split. Names as in Hugging Face's tokenizers.
enum class SplitBehavior { isolated, merged_with_previous, merged_with_next, contiguous };

struct Split {
  Regex pattern;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // what does not match counts as the match, and the other way round
};

class PreTokenizer final {
 public:
  PreTokenizer() = default;
  explicit PreTokenizer(std::vector<Split> splits) : splits_(std::move(splits)) {}

  using Emit = std::function<void(std::string_view)>;

  /// Calls `emit` for every piece, in order; none is empty. `text` may be any bytes: bytes that
  /// are not UTF-8 are a piece each.
  void split(std::string_view text, const Emit& emit) const;

 private:
  void apply(size_t step, std::string_view text, const Emit& emit) const;
  void apply_isolated(size_t step, std::string_view text, const Emit& emit) const;
  void apply_merged(size_t step, std::string_view text, const Emit& emit) const;

  std::vector<Split> splits_;
};

/// The regular expression of GPT-2, which a ByteLevel pre-tokenizer with use_regex applies.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace fathom::engine
