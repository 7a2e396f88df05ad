// How the brackets of a completion meet those that the editor has already closed.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fathom::completion {

/// The brackets that `text` closes without having opened them, in order. Counts every bracket;
/// those in strings are rare enough in one completion.
std::string unmatched_closers(std::string_view text);
/// How many brackets `text` leaves open.
size_t n_open_brackets(std::string_view text);

/// Length of the longest end of `text` with which `rest`, the text behind the cursor, begins, so
/// that it would stand there twice: all of `rest`, or closing brackets that `text` does not need
/// itself. 0 if there is none.
size_t overlap(std::string_view text, std::string_view rest);

/// Length of the begin of `rest` that `text` writes anew: "a).b()" closes the ")" of "f(|);".
size_t retyped_closers(std::string_view text, std::string_view rest);

}  // namespace fathom::completion
