// One file of a workspace as the index knows it: its text with secrets masked, what it declares,
// what it imports, and the chunks that it is searched by.
//
// Immutable; shared between threads as SourceFilePtr. Depends on path and text alone.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/syntax/declarations.h"
#include "completion/syntax/language.h"
#include "completion/workspace/imports.h"

namespace fathom::completion {

struct ByteRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct SourceFile {
  std::string path;                    // relative to the root
  const Language* language = nullptr;  // never null
  std::string text;                    // secrets are masked
  uint64_t fingerprint = 0;            // of the text as it was
  std::vector<Secret> secrets;
  std::vector<Declaration> declarations;
  std::vector<Import> imports;
  std::string package;            // as package_of()
  std::vector<ByteRange> chunks;  // a declaration each, or the lines between; ascending

  std::string_view chunk_text(size_t chunk) const {
    return std::string_view(text).substr(chunks[chunk].begin,
                                         chunks[chunk].end - chunks[chunk].begin);
  }
};
using SourceFilePtr = std::shared_ptr<const SourceFile>;

uint64_t fingerprint_of(std::string_view text);

/// Null for what nobody wrote or wants to see: binary, generated and minified files, and those that
/// did not parse.
SourceFilePtr parse_source_file(std::string path, const Language& language, std::string_view text,
                                const SecretFinder& secrets);

/// Whether the text says of itself that a program wrote it, or looks so.
bool is_generated(std::string_view text);

}  // namespace fathom::completion
