#include "completion/syntax/block_end.h"

#include <algorithm>

#include "completion/lines.h"
#include "completion/syntax/brackets.h"
#include "completion/syntax/nodes.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

/// Whether `bytes` hold one that ends a closing token.
bool may_close(const Language& language, std::string_view bytes) {
  std::string_view pairs = language.brackets;
  while (!pairs.empty()) {
    take_word(pairs);
    const std::string_view closer = take_word(pairs);
    if (!closer.empty() && bytes.find(closer.back()) != std::string_view::npos) return true;
  }
  return false;
}

/// Offset of the first error at or behind `from`.
std::optional<size_t> first_error(const TSTree* tree, size_t from) {
  std::optional<size_t> found;
  walk_nodes(ts_tree_root_node(tree), from, [&](TSNode node) {
    if (found || !ts_node_has_error(node)) return false;
    if (ts_node_is_error(node) && ts_node_start_byte(node) >= from)
      found = ts_node_start_byte(node);
    return true;
  });
  return found;
}

}  // namespace

BlockEnd::BlockEnd(const Language& language, std::string_view before, int header_indent)
    : before_(before), header_indent_(header_indent), tree_(language) {
  parse({});  // so that the generator's thread only ever adds to a tree
}

bool BlockEnd::parse(std::string_view generated, std::string_view behind) {
  std::string text = before_;
  text += generated;
  text += behind;
  return tree_.update(text);
}

bool BlockEnd::is_open() const {
  if (!tree_.tree()) return false;
  const bool heads = tree_.language().indented_blocks && trim_right(before_).ends_with(':');
  return heads || !missing_closers(tree_).empty();
}

std::optional<size_t> BlockEnd::find(std::string_view generated) {
  if (const auto end = end_by_indent(generated)) return end;
  return tree_.language().indented_blocks ? std::nullopt : end_by_bracket(generated);
}

std::optional<size_t> BlockEnd::end_by_bracket(std::string_view generated) {
  if (!may_close(tree_.language(), generated.substr(n_seen_))) {
    n_seen_ = generated.size();
    return std::nullopt;
  }
  if (!parse(generated)) return std::nullopt;
  const std::optional<size_t> closed = end_of_enclosing_bracket(tree_, before_.size());
  if (!closed) {
    // The last byte may be the begin of a longer word: it is looked at again.
    n_seen_ = generated.empty() ? 0 : generated.size() - 1;
    return std::nullopt;
  }
  size_t end = *closed - before_.size();
  const bool ends_with_word = end > 0 && is_word_byte(generated[end - 1]);
  while (end < generated.size() &&
         std::string_view(";,)").find(generated[end]) != std::string_view::npos) {
    ++end;
  }
  // More of "});" or of an identifier that begins with "end" may be to come.
  if (end == generated.size()) return std::nullopt;
  if (ends_with_word && is_word_byte(generated[end])) return std::nullopt;
  return end;
}

std::optional<size_t> BlockEnd::end_by_indent(std::string_view generated) {
  while (true) {
    const size_t newline = generated.find('\n', line_begin_);
    if (newline == std::string_view::npos) return std::nullopt;
    const std::string_view line = generated.substr(newline + 1);
    const size_t n_blank = line.find_first_not_of(" \t");
    if (n_blank == std::string_view::npos) return std::nullopt;  // not known yet
    line_begin_ = newline + 1;
    if (line[n_blank] == '\n') continue;

    const bool indented = tree_.language().indented_blocks;
    const int least = indented ? header_indent_ + 1 : header_indent_;
    // Preprocessor lines stand at the margin; closers may.
    if (indent_of(line) >= least || (!indented && line[n_blank] == '#')) continue;
    if (!parse(generated)) continue;
    const size_t offset = before_.size() + newline + 1 + n_blank;
    if (!is_nested_between(tree_, before_.size(), offset)) return newline;
  }
}

std::string BlockEnd::with_aligned_bracket(std::string_view block) const {
  const size_t begin = line_start(block, block.size());
  const std::string_view last = trim(block.substr(begin));
  const bool is_bracket = begin > 0 && !tree_.language().indented_blocks && !last.empty() &&
                          (is_closer(last[0]) || last == "end");
  if (!is_bracket) return std::string(block);
  return std::string(block.substr(0, begin)).append(header_indentation()).append(last);
}

std::string BlockEnd::with_missing_bracket(std::string_view block) {
  std::string text(block);
  if (!parse(block)) return text;
  const std::string closers = missing_closers(tree_);
  const std::string_view closer = trim(closers);
  if (closer.empty() || closer.find('\n') != std::string_view::npos) return text;
  return text.append("\n").append(header_indentation()).append(closer);
}

std::string_view BlockEnd::header_indentation() const {
  const std::string_view header = before_;
  return header.substr(0, header.find_first_not_of(" \t"));
}

size_t BlockEnd::length_without_errors(std::string_view generated) {
  if (!parse({})) return generated.size();
  const std::string closers = missing_closers(tree_);
  if (!parse({}, closers) || first_error(tree_.tree(), 0)) return generated.size();

  if (!parse(generated)) return generated.size();
  const std::string still_missing = missing_closers(tree_);
  if (!parse(generated, still_missing)) return generated.size();
  const std::optional<size_t> error = first_error(tree_.tree(), before_.size());
  if (!error) return generated.size();
  const size_t offset = std::min(*error - before_.size(), generated.size());
  const size_t line = line_start(generated, offset);
  return line == 0 ? 0 : line - 1;
}

}  // namespace fathom::completion
