// Walking tree-sitter's nodes. Only for sources in completion/syntax/.

#pragma once

#include <cstddef>
#include <string_view>

#include <tree_sitter/api.h>

namespace fathom::completion {

inline std::string_view kind_of(TSNode node) {
  return ts_node_is_null(node) ? std::string_view() : std::string_view(ts_node_type(node));
}

/// The smallest node that holds byte `offset`.
inline TSNode node_at(const TSTree* tree, size_t offset) {
  const auto byte = static_cast<uint32_t>(offset);
  return ts_node_descendant_for_byte_range(ts_tree_root_node(tree), byte, byte + 1);
}

/// Calls `visit(child)` for the children of a node, in the order of the text. Costs less than
/// asking for each by its number.
template <class Visit>
void for_each_child(TSNode node, Visit&& visit) {
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  if (ts_tree_cursor_goto_first_child(&cursor)) {
    do {
      visit(ts_tree_cursor_current_node(&cursor));
    } while (ts_tree_cursor_goto_next_sibling(&cursor));
  }
  ts_tree_cursor_delete(&cursor);
}

/// Calls `visit(node)` for the nodes of the tree that reach behind byte `from`, parents first, in
/// the order of the text. `visit` says whether to go on to the children.
template <class Visit>
void walk_nodes(TSNode root, size_t from, Visit&& visit) {
  TSTreeCursor cursor = ts_tree_cursor_new(root);
  bool done = false;
  while (!done) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    const bool enter = ts_node_end_byte(node) > from && visit(node);
    if (enter && ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (!ts_tree_cursor_goto_parent(&cursor)) {
        done = true;
        break;
      }
    }
  }
  ts_tree_cursor_delete(&cursor);
}

/// As walk_nodes(), for the leaves: the tokens of the text.
template <class Visit>
void walk_leaves(TSNode root, size_t from, Visit&& visit) {
  walk_nodes(root, from, [&](TSNode node) {
    if (ts_node_child_count(node) > 0) return true;
    visit(node);
    return false;
  });
}

}  // namespace fathom::completion
