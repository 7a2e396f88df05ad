// The words around a cursor: what code from elsewhere should be about.
//
// Pure functions; any thread.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::completion {

/// Identifiers near `cursor`, each with its weight: the more, the nearer its nearest place is; 4 on
/// the cursor's line, 1 at the rim. Those in `headers`, the headers of the scopes around it, weigh
/// 2 at least. What is behind the cursor counts little.
std::map<std::string, float, std::less<>> near_names(std::string_view text, size_t cursor,
                                                     std::string_view headers);

/// The lines around the cursor that the above looks at.
std::string_view near_text(std::string_view text, size_t cursor);

/// Of the lines of `text` that are not blank, the share that are lines of `other`, too; indentation
/// does not count.
float share_of_lines_in(std::string_view text, std::string_view other);

}  // namespace fathom::completion
