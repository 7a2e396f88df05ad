#include "completion/workspace/ignore_rules.h"

#include <algorithm>
#include <utility>

namespace fathom::completion {
namespace {

// Backtracking over several "*" is exponential in hostile patterns; real ones take a few dozen.
constexpr int kMaxSteps = 20000;

/// Takes a bracket expression off `pattern`, which begins behind its '['; nothing if it has no end.
struct Bracket {
  bool closed = false;
  bool matches = false;
  size_t length = 0;
};

Bracket match_bracket(std::string_view pattern, char byte) {
  Bracket result;
  size_t i = 0;
  const bool negated = !pattern.empty() && (pattern[0] == '!' || pattern[0] == '^');
  if (negated) ++i;
  for (bool first = true; i < pattern.size(); first = false) {
    char low = pattern[i++];
    if (low == ']' && !first) {
      result.closed = true;
      result.length = i;
      result.matches = result.matches != negated && byte != '/';
      return result;
    }
    if (low == '\\' && i < pattern.size()) low = pattern[i++];
    char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      high = pattern[i + 1];
      i += 2;
    }
    if (low <= byte && byte <= high) result.matches = true;
  }
  return result;
}

class Matcher final {
 public:
  bool match(std::string_view pattern, std::string_view text) {
    while (!pattern.empty()) {
      if (++steps_ > kMaxSteps) return false;
      const char p = pattern[0];
      if (p == '*') return match_star(pattern, text);
      if (text.empty()) return false;
      if (p == '?') {
        if (text[0] == '/') return false;
      } else if (p == '[') {
        const Bracket bracket = match_bracket(pattern.substr(1), text[0]);
        if (!bracket.closed || !bracket.matches) return false;
        pattern.remove_prefix(bracket.length);
      } else {
        if (p == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
        if (pattern[0] != text[0]) return false;
      }
      pattern.remove_prefix(1);
      text.remove_prefix(1);
    }
    return text.empty();
  }

 private:
  bool match_star(std::string_view pattern, std::string_view text) {
    // "**/" is any number of folders, "/**" at the end everything inside; else "*" stays in one.
    if (pattern.starts_with("**/")) {
      const std::string_view rest = pattern.substr(3);
      for (size_t i = 0;; i = text.find('/', i) + 1) {
        if (match(rest, text.substr(i))) return true;
        if (steps_ > kMaxSteps || text.find('/', i) == std::string_view::npos) return false;
      }
    }
    if (pattern == "**") return !text.empty();
    while (pattern.starts_with("*")) pattern.remove_prefix(1);
    for (size_t i = 0;; ++i) {
      if (match(pattern, text.substr(i))) return true;
      if (steps_ > kMaxSteps || i == text.size() || text[i] == '/') return false;
    }
  }

  int steps_ = 0;
};

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  return Matcher().match(pattern, text);
}

IgnoreRules::IgnoreRules(std::string_view text, std::string folder) : folder_(std::move(folder)) {
  if (!folder_.empty() && folder_.back() != '/') folder_ += '/';
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;

    Rule rule;
    if (line[0] == '!') {
      rule.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.only_folders = true;
      line.remove_suffix(1);
    }
    rule.anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.pattern = line;
    rules_.push_back(std::move(rule));
  }
}

IgnoreRules::Verdict IgnoreRules::verdict(const Entry& entry) const {
  if (!entry.path.starts_with(folder_)) return Verdict::unknown;
  const std::string_view below = entry.path.substr(folder_.size());
  const std::string_view name = below.substr(below.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->only_folders && !entry.is_folder) continue;
    if (matches_glob(rule->pattern, rule->anchored ? below : name))
      return rule->negated ? Verdict::wanted : Verdict::ignored;
  }
  return Verdict::unknown;
}

}  // namespace fathom::completion
