// Patches of one file, made and applied by git's own rules, in memory.
//
// Threads: any; functions.

#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

/// The patch, as git writes it, that turns `before` into `after` in the file at `path`; "" if they
/// are the same or one of them is binary to git.
std::string make_patch(std::string_view path, std::string_view before, std::string_view after);

/// What a file of `before` at `path` is once git has applied the patch to it. Nothing touches the
/// disk. Errors: invalid_argument (it does not apply).
Result<std::string> apply_patch(std::string_view path, std::string_view before,
                                std::string_view patch);

}  // namespace fathom::completion
