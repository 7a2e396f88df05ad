// A Hugging Face config.json as Metadata.

#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/checkpoint/metadata.h"

namespace fathom::engine {

/// Nested keys are joined by dots; nulls, and arrays that are neither all numbers, all booleans
/// nor all strings, are left out. Errors: corrupt (not an object, or an integer above 2^63 - 1).
Result<Metadata> flatten_config(const nlohmann::json& config, const std::string& source);

}  // namespace fathom::engine
