// Whether a completion makes sense where the cursor is, before anything is computed.

#pragma once

#include <cstddef>
#include <string_view>

#include "completion/assistant.h"

namespace fathom::completion {

/// The rule that forbids a completion here, or "" if none does:
///   "secret_file"  the file's name says that it holds keys or passwords
///   "position"     the cursor is between CR and LF
///   "mid_word"     inside a word           (automatic completions only)
///   "mid_line"     before more than closing brackets, quotes and a few characters (same)
std::string_view forbidden_by(const Snapshot& snapshot, size_t cursor, Trigger trigger);

}  // namespace fathom::completion
