// Which items of an outline fit into a budget.

#pragma once

#include <vector>

#include "completion/syntax/outline.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// Open scopes first, the innermost before the outer ones; then imports, for at most a third of
/// the budget; then the declarations nearest to the end. The result is in the order of `items`,
/// into which it points.
std::vector<const OutlineItem*> select_outline(const std::vector<OutlineItem>& items,
                                               const engine::Tokenizer& tokenizer, int max_tokens);

}  // namespace fathom::completion
