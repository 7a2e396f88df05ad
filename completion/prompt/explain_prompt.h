// What a chat model is asked for an explanation.

#pragma once

#include <string>
#include <string_view>

#include "completion/snapshot.h"

namespace fathom::completion {

/// The user's message: the question, or the request to explain, and the code in a fence that
/// names its language as chat models know it.
std::string explain_message(const Snapshot& snapshot, std::string_view code,
                            std::string_view question);

}  // namespace fathom::completion
