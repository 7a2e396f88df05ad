// A regular expression over UTF-8, on PCRE2 with its JIT compiler.
//
// Immutable; any thread (each thread keeps the working memory of matching for itself).

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::engine {

class Regex final {
 public:
  struct Match {
    size_t begin;
    size_t end;
  };

  /// `pattern` as Oniguruma reads it, as far as pre-tokenizers go: \s, \p{..} and case folding
  /// are Unicode's, `^` and `$` match at line ends. Errors: unsupported (the message has PCRE2's).
  static Result<Regex> compile(const std::string& pattern);
  /// Matches the string itself. It must be valid UTF-8.
  static Result<Regex> literal(const std::string& text);

  /// The first match at or after `from`, which is between two characters. `text` must be valid
  /// UTF-8. Nothing also where matching would take more steps than PCRE2's limit.
  std::optional<Match> find(std::string_view text, size_t from) const;

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  static Result<Regex> compile(const std::string& pattern, unsigned int options);

  std::shared_ptr<const Code> code_;
};

}  // namespace fathom::engine
