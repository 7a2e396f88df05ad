// What a file declares that other files may name: types, their members, functions, constants.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

struct Declaration {
  enum class Kind : uint8_t { type, function, variable };

  std::string name;       // without the scopes around it
  std::string container;  // type that it is a member of, by its place or by its name; or ""
  Kind kind = Kind::variable;
  uint32_t begin = 0;  // byte range, with its decorations: template<...>, export, @cached
  uint32_t end = 0;
  uint32_t body = 0;  // where its body begins, blanks before it included; `end` if it has none
};

/// Declarations that are not inside a function, outer ones before those in them, in the order of
/// the text. Names that are no identifiers (operators, patterns) are left out. Empty without a
/// tree.
std::vector<Declaration> declarations_of(const SyntaxTree& tree);

/// Bytes [begin, end) of `text` without the bodies of the functions in them, with what stands for
/// a body in the language: the declaration of a type as a reader of its users needs it. Lines end
/// with LF.
std::string without_bodies(std::string_view text, const std::vector<Declaration>& declarations,
                           const Language& language, uint32_t begin, uint32_t end);

}  // namespace fathom::completion
