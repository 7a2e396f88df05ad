// What a file imports, by a small table of rules for each language (import_rules.cpp).
//
// Read from the text, not from a syntax tree: imports are simple where code is broken, and in
// several languages they are calls. What is read wrongly leads nowhere or to a file that is of
// little use, and no further.
//
// Pure functions; any thread.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "completion/syntax/language.h"

namespace fathom::completion {

struct Import {
  std::string target;              // as written, without quotes: "./util", "app.models", "cart.h"
  std::vector<std::string> names;  // that it names: import {a, b}; empty: all or unknown

  bool operator==(const Import&) const = default;
};

/// In the order of the text; of its first 64 KB.
std::vector<Import> imports_of(std::string_view text, const Language& language);

/// The package or namespace that a file says it belongs to: "com.acme.shop", "App\\Models"; "" if
/// its language has none.
std::string package_of(std::string_view text, const Language& language);

}  // namespace fathom::completion
