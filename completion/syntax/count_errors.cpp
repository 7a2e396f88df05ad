#include "completion/syntax/count_errors.h"

#include <algorithm>

#include "completion/syntax/nodes.h"

namespace fathom::completion {

int count_errors(const SyntaxTree& tree) {
  if (!tree.has_errors()) return 0;
  int n_errors = 0;
  walk_nodes(ts_tree_root_node(tree.tree()), 0, [&](TSNode node) {
    if (ts_node_is_error(node) || ts_node_is_missing(node)) ++n_errors;
    return ts_node_has_error(node);
  });
  // Some grammars miss tokens that no cursor visits, such as the line that ends a directive.
  return std::max(1, n_errors);
}

}  // namespace fathom::completion
