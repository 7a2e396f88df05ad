// Things that a model writes when somebody edits code, made from a source file: for measuring what
// guessing ahead gains where the text is known.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::cli {

struct EditTask {
  const char* name;
  std::string prompt;
  std::string answer;
};

/// - rename: the file again, with its most frequent long identifier renamed;
/// - repetition: a line for each of its identifiers, as in a table, of which some are there;
/// - new code: its second half, which follows the first.
/// Fewer if the file is too small for them. Deterministic.
std::vector<EditTask> edit_tasks(std::string_view source);

}  // namespace fathom::cli
