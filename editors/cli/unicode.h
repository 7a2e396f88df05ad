// Texts as Python sees them, for figures that are to be compared with figures made there.

#pragma once

#include <string>
#include <string_view>

namespace fathom::cli {

/// The code points of a text; bytes that are not UTF-8 become U+FFFD.
std::u32string decode_utf8(std::string_view text);

/// Without white space at either end, as Python's str.strip().
std::string_view strip(std::string_view text);

}  // namespace fathom::cli
