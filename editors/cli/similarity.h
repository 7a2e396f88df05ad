// How alike two texts are: the ratio of Python's difflib.SequenceMatcher, which published figures
// of edit similarity use, so that ours can be compared with them.

#pragma once

#include <string_view>

namespace fathom::cli {

/// 2 M / (|a| + |b|), where M counts the characters in matching blocks (Ratcliff and Obershelp),
/// with difflib's heuristic that characters which make up more than 1 % of a `b` of 200 or more
/// do not start a match. 1 for two empty texts. Characters are code points.
double similarity(std::string_view a, std::string_view b);

}  // namespace fathom::cli
