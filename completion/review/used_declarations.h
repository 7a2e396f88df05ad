// What the lines that a change adds use: declarations that a reviewer would look up, without
// bodies.
//
// Threads: any; a function.

#pragma once

#include <string>
#include <vector>

#include "completion/review/review_prompt.h"
#include "completion/workspace/workspace_index.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// Of the part's own file, where the part does not show them, then of `around`: those that are
/// called before others. `max_tokens`: of the prompt's text that shows them.
std::vector<UsedDeclaration> used_declarations(const PromptPart& part, const WorkspaceIndex& around,
                                               const engine::Tokenizer& tokenizer, int max_tokens);

}  // namespace fathom::completion
