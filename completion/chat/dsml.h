// DSML, the markup in which DeepSeek-V3.2 and V4 call tools:
//
//   <|DSML|invoke name="get_weather">
//   <|DSML|parameter name="city" string="true">Paris</|DSML|parameter>
//   </|DSML|invoke>
//
// Source: encoding_dsv32.py and encoding_dsv4.py in the models' repositories.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "completion/chat/chat_writer.h"
#include "completion/chat/message.h"
#include "engine/base/result.h"

namespace fathom::completion {

// The bar is U+FF5C. Only "|DSML|" is one token; the rest of a tag is text.
#define FATHOM_DSML "\uff5cDSML\uff5c"

/// "\n\n" and the block of all calls of a turn. `block` is what the model calls it:
/// "function_calls" or "tool_calls". Names and values are text, never special tokens.
/// Errors: invalid_argument (arguments that are no JSON object).
Status write_dsml_calls(std::span<const ToolCall> calls, std::string_view block, ChatWriter& out);

/// The tools of a system message, one JSON object a line, spaced as Python's json.dumps does.
/// Errors: invalid_argument (not JSON).
Result<std::string> tool_lines(std::span<const std::string> tools);

}  // namespace fathom::completion
