#include "completion/syntax/brackets.h"

#include <vector>

#include "completion/syntax/nodes.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

/// The second token of the pair that `token` begins; "" if it begins none.
std::string_view closer_of(std::string_view pairs, std::string_view token) {
  while (!pairs.empty()) {
    const std::string_view open = take_word(pairs);
    const std::string_view close = take_word(pairs);
    if (open == token) return close;
  }
  return {};
}

bool closes(std::string_view pairs, std::string_view token) {
  while (!pairs.empty()) {
    take_word(pairs);
    if (take_word(pairs) == token) return true;
  }
  return false;
}

/// Tokens the parser made up have no text.
bool may_be_bracket(const Language& language, TSNode leaf) {
  return !ts_node_is_named(leaf) && !ts_node_is_missing(leaf) &&
         (language.not_brackets.empty() ||
          !contains_pair(language.not_brackets, kind_of(leaf), kind_of(ts_node_parent(leaf))));
}

}  // namespace

std::string missing_closers(const SyntaxTree& tree) {
  const std::string_view brackets = tree.language().brackets;
  std::vector<std::string_view> open;
  walk_leaves(ts_tree_root_node(tree.tree()), 0, [&](TSNode leaf) {
    if (!may_be_bracket(tree.language(), leaf)) return;
    const std::string_view token = kind_of(leaf);
    if (const std::string_view closer = closer_of(brackets, token); !closer.empty()) {
      open.push_back(closer);
    } else if (!open.empty() && closes(brackets, token)) {
      open.pop_back();
    }
  });
  std::string closers;
  for (; !open.empty(); open.pop_back()) {
    closers += '\n';
    closers += open.back();
  }
  if (!closers.empty()) closers += '\n';
  return closers;
}

std::optional<size_t> end_of_enclosing_bracket(const SyntaxTree& tree, size_t from) {
  int depth = 0;
  std::optional<size_t> end;
  walk_leaves(ts_tree_root_node(tree.tree()), from, [&](TSNode leaf) {
    if (end || ts_node_start_byte(leaf) < from) return;
    if (!may_be_bracket(tree.language(), leaf)) return;
    const std::string_view token = kind_of(leaf);
    if (!closer_of(tree.language().brackets, token).empty()) {
      ++depth;
    } else if (closes(tree.language().brackets, token) && --depth < 0) {
      end = ts_node_end_byte(leaf);
    }
  });
  return end;
}

bool is_nested_between(const SyntaxTree& tree, size_t from, size_t offset) {
  const Language& language = tree.language();
  int depth = 0;
  int n_strings = 0;
  walk_leaves(ts_tree_root_node(tree.tree()), from, [&](TSNode leaf) {
    const size_t begin = ts_node_start_byte(leaf);
    if (ts_node_is_missing(leaf) || begin < from || begin >= offset) return;
    const std::string_view token = kind_of(leaf);
    if (may_be_bracket(language, leaf)) {
      if (!closer_of(language.brackets, token).empty()) ++depth;
      if (closes(language.brackets, token)) --depth;
    }
    if (!closer_of(language.string_marks, token).empty()) ++n_strings;
    if (closes(language.string_marks, token)) --n_strings;
  });
  return depth > 0 || n_strings > 0;
}

}  // namespace fathom::completion
