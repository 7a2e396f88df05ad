// What a chat's answer must look like: `response_format`, as OpenAI's API has it.
//
// Threads: any; functions.

#pragma once

#include <memory>
#include <string_view>

#include "completion/json_schema.h"
#include "http/parameters.h"

namespace fathom::http {

/// The schema that the answer must follow; null: any text will do. `text`: of the body, since a
/// schema's order of keys counts.
/// Errors: invalid_argument (what is not supported in it, and where).
Result<std::shared_ptr<const completion::JsonSchema>> response_format_at(const Json& body,
                                                                         std::string_view text);

}  // namespace fathom::http
