// Cuts the change of a file into parts that each fit into one prompt.
//
// Threads: any; a function.

#pragma once

#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/review/changed_file.h"
#include "completion/review/review_prompt.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// Every added line is in exactly one part as a line of the hunk. Hunks stay together with what
/// encloses them as far as there is room; those that do not fit are cut between lines, and begin
/// with the last lines of the part before. `max_tokens`: of the lines of a part, at least 64.
std::vector<PromptPart> pack_parts(const ChangedFile& file, const SecretFinder& secrets,
                                   const engine::Tokenizer& tokenizer, int max_tokens);

}  // namespace fathom::completion
