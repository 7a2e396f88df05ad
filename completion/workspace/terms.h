// Words of code: identifiers, and the parts that they are made of.
//
// Pure functions; any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "completion/lines.h"

namespace fathom::completion {

/// Calls `visit(identifier, offset)` for each run of word bytes that does not begin with a digit.
template <class Visit>
void for_each_identifier(std::string_view text, Visit&& visit) {
  size_t i = 0;
  while (i < text.size()) {
    if (!is_word_byte(text[i])) {
      ++i;
      continue;
    }
    const size_t begin = i;
    while (i < text.size() && is_word_byte(text[i])) ++i;
    if (text[begin] < '0' || text[begin] > '9') visit(text.substr(begin, i - begin), begin);
  }
}

/// A word as a number: equal words have equal terms, others practically never.
using Term = uint64_t;

struct TermCount {
  Term term = 0;
  uint32_t count = 0;
};

/// The terms of a text: each identifier's parts in lower case, split where case or '_' says
/// (HTTPServer_v2 is http, server, v2), and the identifier itself if it has several. Parts of one
/// letter are left out. Ascending.
std::vector<TermCount> terms_of(std::string_view text);

}  // namespace fathom::completion
