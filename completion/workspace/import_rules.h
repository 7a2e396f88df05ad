// How the languages import: one row each.
//
// Immutable; any thread.

#pragma once

#include <string_view>

#include "completion/syntax/language.h"

namespace fathom::completion {

/// How a language says what it imports.
enum class ImportForm {
  none,
  quoted,      // keyword and a quoted path: #include "a.h", require_relative "a", @import("a")
  python,      // from a.b import c
  script,      // import {a} from "./b", require("./b")
  go,          // import "a/b", import ( ... )
  rust,        // use a::b::{c, d}; mod e;
  dotted,      // import a.b.C
  namespaces,  // use A\B\C;
};

struct ImportRule {
  std::string_view language;
  ImportForm form = ImportForm::none;
  std::string_view keywords;    // that a statement begins with, or a call has
  std::string_view extensions;  // to try behind the path; "" stands for none
  std::string_view separator;   // between the parts of a target, if not '/'
  std::string_view package;     // the statement that names the file's own package
};

/// Null for a language that imports nothing.
const ImportRule* import_rule_of(const Language& language);

}  // namespace fathom::completion
