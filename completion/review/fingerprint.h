// What a finding is known by from one review to the next, wherever its lines have moved.
//
// Threads: any; a function.

#pragma once

#include <string>

#include "completion/review/changed_file.h"
#include "completion/review/finding.h"

namespace fathom::completion {

/// 32 hexadecimal digits of a hash of the finding's category, its path, the lines it is about with
/// blanks taken alike, the declaration around them, and how many equal lines precede them there. No
/// line number is in it.
std::string fingerprint_of(const Finding& finding, const ChangedFile& file);

}  // namespace fathom::completion
