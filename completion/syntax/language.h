// The languages fathom parses: one row each. What is particular to a language is data in its row;
// the code around it knows no language by name.
//
// Lists are words between spaces. Node kinds are those of the grammar's node-types.json
// (tests/completion/syntax/language_test.cpp checks that each exists).
//
// Immutable; any thread.

#pragma once

#include <span>
#include <string_view>

struct TSLanguage;  // tree-sitter's; this header stays light

namespace fathom::completion {

struct Language {
  std::string_view name;
  std::string_view chat_name;  // what a chat prompt calls it: the names chat models were trained on
  std::string_view lsp_ids;    // textDocument.languageId
  std::string_view extensions;  // of files, without the dot
  const TSLanguage* (*grammar)();
  std::string_view line_comment;
  std::string_view elided_body;  // what stands for a body that is left out: ";" or " ..."

  /// Blocks end where the indentation does; otherwise where their bracket closes.
  bool indented_blocks = false;
  /// Tokens that nest, in pairs: opener, closer. A closer closes the innermost opener.
  std::string_view brackets;
  /// Tokens that are spelled like one of them and are none, in pairs: token, kind of its parent.
  std::string_view not_brackets;
  /// Tokens that begin and end a string, in pairs, where a string may hold lines of any
  /// indentation and the indentation matters.
  std::string_view string_marks;
  /// Tokens that open a block, in pairs: token, kind of its parent ("ERROR" where code is broken).
  std::string_view block_openers;
  /// First words of a line that opens a block; "": any line does. Decides where code is broken.
  std::string_view header_words;

  // What an outline is made of.
  std::string_view imports;       // kept whole
  std::string_view declarations;  // kept without their bodies
  std::string_view bodies;        // kinds of their bodies, if the grammar has no field "body"
  std::string_view functions;     // those of them with nothing inside that others can see
  std::string_view decorations;   // nodes around a declaration that belong to its header
  std::string_view wrappers;      // nodes around declarations that do not
  /// What else other files may name, besides the declarations: assignments, where they declare.
  std::string_view symbols;
};

std::span<const Language> languages();

/// The row for a document: by its LSP language id, else by the extension of its path; nullptr if
/// the language is not supported.
const Language* find_language(std::string_view lsp_id, std::string_view path);

}  // namespace fathom::completion
