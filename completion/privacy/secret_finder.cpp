#include "completion/privacy/secret_finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <optional>

#include "completion/lines.h"
#include "completion/privacy/keywords.h"
#include "completion/privacy/secret_rules.h"
#include "completion/syntax/words.h"
#include "engine/base/assert.h"
#include "engine/tokenizer/regex.h"

namespace fathom::completion {
namespace {

// How far around a keyword a rule looks, within the line: the longest secrets have some hundred
// bytes, and a minified file may be one line.
constexpr size_t kBytesBefore = 256;
constexpr size_t kBytesAfter = 1280;

constexpr std::string_view kPrivateKeyBegin = "-----begin";
constexpr size_t kMaxPrivateKey = 16 * 1024;
constexpr std::string_view kPrivateKeyRule = "private-key";

bool is_plain(char c) { return static_cast<signed char>(c) >= 0 && c != '\n' && c != '\r'; }

double entropy(std::string_view text) {
  std::array<int, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= p * std::log2(p);
  }
  return bits;
}

/// The base64 of a PEM block whose "-----BEGIN" ends at `from`, or nothing if it holds no private
/// key. An end that is missing is where base64 ends.
std::optional<Secret> private_key(std::string_view text, size_t from) {
  const std::string_view rest = text.substr(from, kMaxPrivateKey);
  const size_t title_end = rest.find("-----");
  if (title_end == std::string_view::npos || title_end > 64 ||
      rest.substr(0, title_end).find("PRIVATE KEY") == std::string_view::npos) {
    return std::nullopt;
  }
  const size_t begin = title_end + 5;
  const size_t end = std::min(rest.find("-----END", begin), rest.size());
  if (end - begin < 64) return std::nullopt;  // an example's dots
  return Secret{kPrivateKeyRule, from + begin, from + end};
}

/// Sorted by beginning; of those that overlap the first one, extended.
std::vector<Secret> merged(std::vector<Secret> secrets) {
  std::sort(secrets.begin(), secrets.end(),
            [](const Secret& a, const Secret& b) { return a.begin < b.begin; });
  std::vector<Secret> result;
  for (const Secret& secret : secrets) {
    if (!result.empty() && secret.begin < result.back().end) {
      result.back().end = std::max(result.back().end, secret.end);
    } else {
      result.push_back(secret);
    }
  }
  return result;
}

std::vector<std::string_view> all_keywords(std::vector<const SecretRule*>& rules) {
  std::vector<std::string_view> words = {kPrivateKeyBegin};
  rules.push_back(nullptr);
  for (const SecretRule& rule : secret_rules()) {
    std::string_view list = rule.keywords;
    for (auto word = take_word(list); !word.empty(); word = take_word(list)) {
      words.push_back(word);
      rules.push_back(&rule);
    }
  }
  return words;
}

}  // namespace

class SecretFinder::Impl {
 public:
  std::vector<Secret> find(std::string_view text) const {
    std::vector<Secret> found;
    std::vector<size_t> searched_to(secret_rules().size(), 0);  // of each rule
    keywords_.find(text, [&](size_t word, size_t end) {
      const SecretRule* rule = rule_of_word_[word];
      if (!rule) {
        if (const auto key = private_key(text, end)) found.push_back(*key);
        return;
      }
      const auto index = static_cast<size_t>(rule - secret_rules().data());
      if (end <= searched_to[index]) return;
      searched_to[index] = search(text, end, index, found);
    });
    return merged(std::move(found));
  }

 private:
  /// Matches a rule around a keyword that ends at `keyword_end`. Returns how far it has looked.
  size_t search(std::string_view text, size_t keyword_end, size_t index,
                std::vector<Secret>& found) const {
    size_t begin = keyword_end - 1;
    const size_t lowest = begin > kBytesBefore ? begin - kBytesBefore : 0;
    while (begin > lowest && is_plain(text[begin - 1])) --begin;
    size_t end = keyword_end;
    const size_t highest = std::min(text.size(), keyword_end + kBytesAfter);
    while (end < highest && is_plain(text[end])) ++end;

    const SecretRule& rule = secret_rules()[index];
    const std::string_view line = text.substr(begin, end - begin);
    size_t from = 0;
    while (const auto match = pattern(index).find(line, from)) {
      const std::string_view secret = line.substr(match->begin, match->end - match->begin);
      if (entropy(secret) >= rule.min_entropy) {
        found.push_back({rule.name, begin + match->begin, begin + match->end});
      }
      from = std::max(match->end, from + 1);
      if (from > line.size()) break;
    }
    return end;
  }

  /// Compiled when it is first needed: most texts need none.
  const engine::Regex& pattern(size_t index) const {
    Pattern& pattern = patterns_[index];
    std::call_once(pattern.once, [&] {
      auto compiled = engine::Regex::compile(std::string(secret_rules()[index].pattern));
      FATHOM_ASSERT(compiled.has_value());  // secret_finder_test compiles them all
      pattern.regex = *std::move(compiled);
    });
    return *pattern.regex;
  }

  struct Pattern {
    std::once_flag once;
    std::optional<engine::Regex> regex;
  };
  std::vector<const SecretRule*> rule_of_word_;  // null: the PEM header
  Keywords keywords_{all_keywords(rule_of_word_)};
  mutable std::vector<Pattern> patterns_ = std::vector<Pattern>(secret_rules().size());
};

SecretFinder::SecretFinder() : impl_(std::make_unique<const Impl>()) {}
SecretFinder::~SecretFinder() = default;

std::vector<Secret> SecretFinder::find(std::string_view text) const { return impl_->find(text); }

std::string with_secrets_masked(std::string_view text, const std::vector<Secret>& secrets) {
  std::string masked(text);
  for (const Secret& secret : secrets) {
    std::fill(masked.begin() + static_cast<std::ptrdiff_t>(secret.begin),
              masked.begin() + static_cast<std::ptrdiff_t>(secret.end), '*');
  }
  return masked;
}

bool adds_secret(std::string_view text, size_t cursor, std::string_view inserted,
                 const SecretFinder& finder) {
  const size_t line = line_start(text, cursor);
  const std::string all = std::string(text.substr(line, cursor - line)) + std::string(inserted);
  for (const Secret& secret : finder.find(all)) {
    if (secret.end <= cursor - line) continue;
    const auto found = std::string_view(all).substr(secret.begin, secret.end - secret.begin);
    if (text.find(found) == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace fathom::completion
