// Which part of a file goes into the prompt, cut so that typing does not move the cuts.
//
// A moved cut changes the prompt from its begin on, and the engine's KV cache of it is lost: the
// difference between computing one token and a thousand. The start of the window therefore lies
// on a grid of kGrid steps to the window, and moves once in as many bytes typed; nothing depends
// on what was asked before.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// Code has 3 to 4 bytes a token in every tokenizer at hand. Where it has fewer, a window is halved
/// until it fits.
inline constexpr size_t kBytesPerToken = 3;

/// Start of the text before `end` to show: a line start, between 3/4 of `max_bytes` and all of
/// them away from `end` (less only if one line fills the window). 0 if everything fits.
size_t window_begin(std::string_view text, size_t end, size_t max_bytes);

/// End of the text behind `begin` to show: a line's end at most `max_bytes` away, or, if there is
/// none, that far away.
size_t window_end(std::string_view text, size_t begin, size_t max_bytes);

struct TokenWindow {
  std::vector<engine::TokenId> tokens;
  size_t end = 0;  // in `text`
};
/// The part of `text` from `begin` on that fits into `max_tokens`, cut as window_end() does. Lines
/// end with LF in the tokens.
TokenWindow window_of_tokens(std::string_view text, size_t begin,
                             const engine::Tokenizer& tokenizer, int max_tokens);

}  // namespace fathom::completion
