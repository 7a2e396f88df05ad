#include "completion/review/suggestion_gate.h"

#include <algorithm>
#include <string>
#include <utility>

#include "completion/lines.h"
#include "completion/review/git_patch.h"
#include "completion/review/visible.h"
#include "completion/syntax/count_errors.h"
#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {
namespace {

/// The replacement as whole lines, indented and ended as those in the place of which it is.
std::string as_lines(std::string_view replacement, std::string_view original,
                     std::string_view indent) {
  std::string text;
  const std::string plain = to_lf(replacement);
  for (size_t begin = 0; begin < plain.size(); begin = next_line(plain, begin)) {
    const std::string_view line =
        std::string_view(plain).substr(begin, line_end(plain, begin) - begin);
    if (!is_blank(line)) text += indent;
    text.append(line).append(1, '\n');
  }
  const bool has_crlf = original.find("\r\n") != std::string_view::npos;
  if (has_crlf) text = to_crlf(text);
  if (!original.ends_with('\n') && !text.empty()) text.erase(text.size() - (has_crlf ? 2 : 1));
  return text;
}

}  // namespace

std::string with_suggestions(std::string_view text, std::vector<Suggestion> suggestions) {
  std::ranges::sort(suggestions, {}, [](const Suggestion& s) { return s.lines.begin; });
  std::string result;
  size_t at = 0;  // begin of line `line`
  int line = 1;
  const auto skip_to = [&](int wanted) {
    const size_t begin = at;
    for (; line < wanted; ++line) at = next_line(text, at);
    return text.substr(begin, at - begin);
  };
  for (const Suggestion& suggestion : suggestions) {
    result += skip_to(suggestion.lines.begin);
    result += suggestion.replacement;
    skip_to(suggestion.lines.end + 1);
  }
  return result.append(text.substr(at));
}

std::optional<bool> adds_syntax_error(const Language* language, std::string_view before,
                                      std::string_view after) {
  if (language == nullptr) return std::nullopt;
  SyntaxTree tree(*language);
  if (!tree.update(before)) return std::nullopt;
  const int n_before = count_errors(tree);
  if (!tree.update(after)) return std::nullopt;
  return count_errors(tree) > n_before;
}

std::optional<Suggestion> passed_suggestion(const ChangedFile& file, const Anchor& anchor,
                                            std::string_view replacement,
                                            const SecretFinder& secrets) {
  if (!file.has_text() || !anchor.is_whole) return std::nullopt;
  const auto [begin, end] = file.bytes_of(anchor.lines);
  const std::string_view before = file.text();
  const std::string_view original = before.substr(begin, end - begin);
  for (const ChangedFile::Line& line : file.lines(anchor.lines))
    if (line.shown != line.text) return std::nullopt;  // the model has not seen all of it

  Suggestion suggestion{.lines = anchor.lines,
                        .replacement = as_lines(replacement, original, anchor.missing_indent)};
  if (suggestion.replacement == original) return std::nullopt;
  if (!is_plain_text(suggestion.replacement)) return std::nullopt;
  if (adds_secret(before, begin, suggestion.replacement, secrets)) return std::nullopt;

  const std::string after = with_suggestions(before, {suggestion});
  const std::optional<bool> breaks = adds_syntax_error(file.language(), before, after);
  const bool is_doubtful = breaks.value_or(file.language() != nullptr);
  if (is_doubtful) return std::nullopt;
  suggestion.parses = breaks.has_value();

  const Result<std::string> applied =
      apply_patch(file.path(), before, make_patch(file.path(), before, after));
  if (!applied || *applied != after) return std::nullopt;
  return suggestion;
}

}  // namespace fathom::completion
