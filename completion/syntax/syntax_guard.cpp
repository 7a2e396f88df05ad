#include "completion/syntax/syntax_guard.h"

namespace fathom::completion {

std::unique_ptr<SyntaxGuard> SyntaxGuard::make(const SyntaxTree& tree) {
  if (!tree.tree() || tree.has_errors()) return nullptr;
  return std::unique_ptr<SyntaxGuard>(new SyntaxGuard(tree));
}

SyntaxGuard::SyntaxGuard(const SyntaxTree& tree) : text_(tree.text()), tree_(tree.copy()) {}

bool SyntaxGuard::breaks(size_t begin, size_t end, std::string_view replacement) {
  std::string edited;
  edited.reserve(text_.size() + replacement.size());
  edited.append(text_, 0, begin).append(replacement).append(text_, end);
  return tree_->update(edited) && tree_->has_errors();
}

}  // namespace fathom::completion
