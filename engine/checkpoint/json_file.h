// JSON files that came with a model.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"

namespace fathom::engine {

/// Replaces `out` by the value of `text`. `source` is for messages.
/// Errors: corrupt (not JSON, nested deeper than 64, or an object with one key twice).
Status parse_json(std::string_view text, const std::string& source, nlohmann::json& out);

/// parse_json of a file of at most `max_bytes`. Errors: also not_found, io, unsupported.
Status read_json_file(const std::filesystem::path& path, size_t max_bytes, nlohmann::json& out);

}  // namespace fathom::engine
