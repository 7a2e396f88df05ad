// Makes of generated text a suggestion that fits between what is there already.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::completion {

/// The text around the cursor; lines without their ends.
struct Surroundings {
  std::string_view line;                // on the cursor's line, before the cursor
  std::string_view rest;                // on the cursor's line, behind it
  std::string_view above;               // the last line above that is not blank
  std::vector<std::string_view> below;  // the next lines that are not blank
};

Surroundings surroundings_of(std::string_view text, size_t cursor);

struct Suggestion {
  std::string text;              // to insert at the cursor; "": nothing to suggest
  size_t replaced = 0;           // bytes of `rest` that it replaces
  std::string_view filtered_by;  // the rule that left nothing, or ""
};

/// Removes from `text` what stands behind the cursor already, at its end or line by line; closers
/// that the editor has typed; blanks at the end. Filters ("empty", "repeats_above",
/// "repeats_below", "mid_line") what then says nothing new.
///
/// A suggestion of several lines replaces all of `rest` (editors show no other); where `rest` is
/// more than closers, only the first line is left.
Suggestion polish(std::string_view text, const Surroundings& around);

}  // namespace fathom::completion
