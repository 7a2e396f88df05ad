// Small questions about bytes that are usually UTF-8.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fathom {

/// Length of the longest prefix of `bytes` that ends between two characters: what can be shown
/// now while the rest of a character is still to come. Invalid bytes count as characters.
size_t whole_characters(std::string_view bytes);

/// Length of the longest prefix of `bytes` that is valid UTF-8 (whole characters only).
size_t valid_prefix(std::string_view bytes);

/// `bytes` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace fathom
