// Where in a diff a claim belongs: where the code stands that it quotes.
//
// Threads: any; a function.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "completion/review/finding.h"

namespace fathom::completion {

/// A line as the model was shown it.
struct ShownLine {
  int number = 0;  // on the new side; 0: it is not there, the diff removes it
  std::string text;
  bool is_added = false;
  bool is_in_hunk = true;  // false: shown around the hunk
  bool is_cut = false;     // the text is the begin of a longer line
};

struct Anchor {
  LineRange lines;
  bool is_whole = true;  // the quote is all of the lines, so a replacement of it is one of them
  /// Indentation that the lines have and the quote has not.
  std::string missing_indent;
};

enum class NoAnchor {
  not_found,  // not in the hunk, or more than once and not at the line that was named
  not_added,  // on lines that the diff did not add
};

/// The quote's lines are looked for as they are; then with blanks taken alike; then, if it is one
/// line, as a part of a line. `line`: the number that the model named, which decides between
/// places that are the same, and never anything else.
tl::expected<Anchor, NoAnchor> find_anchor(std::span<const ShownLine> shown, std::string_view quote,
                                           int line);

}  // namespace fathom::completion
