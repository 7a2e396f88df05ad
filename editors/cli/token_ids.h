#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::cli {

/// "1,2,3", "1 2 3" or "[1, 2, 3]". Errors: invalid_argument (not ids, or none at all).
Result<std::vector<engine::TokenId>> parse_token_ids(std::string_view text);

/// "1,2,3"
std::string format_token_ids(const std::vector<engine::TokenId>& ids);

/// The ids of a prompt text, the begin-of-sentence token first where the model wants one. With
/// `special`, special tokens that are spelled out become themselves, and a begin-of-sentence token
/// that the text begins with is not doubled.
std::vector<engine::TokenId> encode_prompt(const engine::Tokenizer& tokenizer,
                                           std::string_view text, bool special);

}  // namespace fathom::cli
