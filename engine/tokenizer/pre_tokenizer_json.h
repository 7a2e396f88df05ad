// The "pre_tokenizer" of a tokenizer.json.

#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace fathom::engine {

/// Reads a ByteLevel pre-tokenizer, or a Sequence of Split and Digits that ends in one. `source`
/// is for messages. Errors: corrupt, unsupported (another type, or one that would change or
/// remove text).
Result<PreTokenizer> read_pre_tokenizer(const nlohmann::json& json, const std::string& source);

}  // namespace fathom::engine
