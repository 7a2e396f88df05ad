#include "completion/syntax/site.h"

#include <optional>
#include <string_view>

#include "completion/lines.h"
#include "completion/syntax/nodes.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

bool is_comment(TSNode node) { return kind_of(node).find("comment") != std::string_view::npos; }

/// The leaf that ends the text before the cursor, comments of earlier lines left out.
std::optional<TSNode> leaf_before(const SyntaxTree& tree, size_t cursor) {
  const std::string_view text = tree.text();
  size_t end = cursor;
  for (int n_comments = 0; n_comments < 8; ++n_comments) {
    end = trim_right(text.substr(0, end)).size();
    if (end == 0) return std::nullopt;
    TSNode leaf = node_at(tree.tree(), end - 1);
    if (ts_node_is_null(leaf)) return std::nullopt;
    // A documentation comment is a node with parts.
    while (!is_comment(leaf) && is_comment(ts_node_parent(leaf))) leaf = ts_node_parent(leaf);
    if (!is_comment(leaf)) return leaf;
    const bool is_over = text.substr(end, cursor - end).find('\n') != std::string_view::npos ||
                         text.substr(0, end).ends_with("*/");
    if (!is_over) return std::nullopt;  // the cursor is in the comment
    end = ts_node_start_byte(leaf);
  }
  return std::nullopt;
}

/// In broken code a token has no telling parent: does it open a block by what precedes it?
bool looks_like_opener(const SyntaxTree& tree, TSNode leaf) {
  const std::string_view text = tree.text();
  const size_t begin = ts_node_start_byte(leaf);
  const std::string_view line =
      trim(text.substr(line_start(text, begin), begin - line_start(text, begin)));
  if (!tree.language().header_words.empty()) {
    size_t length = 0;
    while (length < line.size() && is_word_byte(line[length])) ++length;
    const std::string_view first = length > 0 ? line.substr(0, length) : kind_of(leaf);
    return contains_word(tree.language().header_words, first);
  }
  // After one of these a brace begins a value: an initialiser, an argument, an object.
  const std::string_view before = trim_right(text.substr(0, begin));
  return !before.empty() &&
         std::string_view("=(,[:?&|").find(before.back()) == std::string_view::npos;
}

bool opens_block(const SyntaxTree& tree, TSNode leaf) {
  const std::string_view parent = kind_of(ts_node_parent(leaf));
  if (!contains_pair(tree.language().block_openers, kind_of(leaf), parent)) return false;
  return parent != "ERROR" || looks_like_opener(tree, leaf);
}

/// Where the statement begins whose block `leaf` opens.
size_t header_begin(const SyntaxTree& tree, TSNode leaf) {
  TSNode header = ts_node_parent(leaf);
  if (ts_node_start_byte(header) == ts_node_start_byte(leaf)) header = ts_node_parent(header);
  const bool known = !ts_node_is_null(header) && kind_of(header) != "ERROR" &&
                     !ts_node_is_null(ts_node_parent(header));
  return line_start(tree.text(), ts_node_start_byte(known ? header : leaf));
}

/// Nothing but closing tokens on the cursor's line, and no deeper line after it.
bool is_empty_after(std::string_view text, size_t cursor, int header_indent) {
  const std::string_view rest = trim(text.substr(cursor, line_end(text, cursor) - cursor));
  if (!rest.empty()) return is_closer(rest[0]) || rest.starts_with("end");
  size_t line = next_line(text, cursor);
  while (line < text.size() && is_blank(text.substr(line, line_end(text, line) - line))) {
    line = next_line(text, line);
  }
  return line >= text.size() || indent_of(text.substr(line)) <= header_indent;
}

}  // namespace

Site site_at(const SyntaxTree& tree, size_t cursor) {
  const std::optional<TSNode> leaf = leaf_before(tree, cursor);
  if (!leaf || !opens_block(tree, *leaf)) return {};
  const size_t begin = header_begin(tree, *leaf);
  const int indent = indent_of(std::string_view(tree.text()).substr(begin));
  if (!is_empty_after(tree.text(), cursor, indent)) return {};
  return {.extent = Extent::block, .header_begin = begin, .header_indent = indent};
}

}  // namespace fathom::completion
