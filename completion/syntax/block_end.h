// Where the block ends that generated text continues: the stop rule of block completions.
//
// Threads: one at a time. Cost: the text is a few hundred bytes and is parsed incrementally, only
// when a token arrives that could end the block.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

class BlockEnd final {
 public:
  /// `before`: from the line on which the block's statement begins up to the cursor, lines ending
  /// with LF. `header_indent`: its indentation in columns.
  BlockEnd(const Language& language, std::string_view before, int header_indent);

  /// Whether something is open at the end of `before` that a later line has to close or fill.
  bool is_open() const;

  /// Length of the part of `generated` that belongs to the block, once that is known: up to the
  /// bracket that closes it and what follows directly ("});"), or up to a line that is indented
  /// too little. `generated` must begin with what it was in the calls before.
  std::optional<size_t> find(std::string_view generated);

  /// `block`, a complete one, with its closing bracket on a line of its own under the header, where
  /// models often miss by one level. Unchanged where blocks have no bracket.
  std::string with_aligned_bracket(std::string_view block) const;

  /// `block`, cut short, with the one bracket that it leaves open on a line of its own under the
  /// header; unchanged if it leaves none or several open.
  std::string with_missing_bracket(std::string_view block);

  /// Length of the lines of `generated` before the first one with a syntax error; all of it if
  /// there is none, or if the code before the cursor has errors of its own.
  size_t length_without_errors(std::string_view generated);

 private:
  std::optional<size_t> end_by_bracket(std::string_view generated);
  std::optional<size_t> end_by_indent(std::string_view generated);
  std::string_view header_indentation() const;
  bool parse(std::string_view generated, std::string_view behind = {});

  const std::string before_;
  const int header_indent_;
  SyntaxTree tree_;
  size_t n_seen_ = 0;      // bytes of the text without a bracket's end
  size_t line_begin_ = 0;  // first line that end_by_indent() has not judged
};

}  // namespace fathom::completion
