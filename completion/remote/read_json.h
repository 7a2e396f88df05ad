// What a server's JSON says, whatever else it is.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"

namespace fathom::completion {

using Json = nlohmann::json;

/// An object. Errors: corrupt (no JSON, nested too deeply, no object), io (it says that something
/// has failed: an "error").
Result<Json> parse_reply(std::string_view text);
/// As above, whatever it says.
Result<Json> parse_object(std::string_view text);

/// What went wrong according to the body of an answer, cut and without control characters; "" if
/// it does not say.
std::string server_message(std::string_view body);

/// The member, or null if `json` is no object or has none.
const Json* find(const Json& json, const char* name);
std::optional<int64_t> as_integer(const Json& json);
std::optional<int64_t> integer_in(const Json& json, const char* name);
std::optional<double> number_in(const Json& json, const char* name);
bool flag_in(const Json& json, const char* name);
/// "" if it is no text.
std::string text_in(const Json& json, const char* name);

/// corrupt: "the server's answer is not what it should be: ...".
tl::unexpected<Error> unexpected(std::string_view what);

}  // namespace fathom::completion
