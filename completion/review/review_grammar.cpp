#include "completion/review/review_grammar.h"

#include <iterator>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "completion/review/finding_names.h"
#include "engine/base/assert.h"

namespace fathom::completion {
namespace {

constexpr int kMaxBlanks = 16;
constexpr int kMaxDigits = 7;
/// Beyond these a schema becomes too large for servers.
constexpr size_t kMaxNamedQuotes = 200;

enum class Kind : uint8_t {
  literal,
  first_finding,  // '{' or the end of the list
  next_finding,   // ',' or the end of the list
  number,
  quote,
  text,  // a string that is not empty
  text_or_null,
  category,
  severity,
  end,
};

struct Step {
  Kind kind = Kind::literal;
  std::string_view literal;
  int max_bytes = 0;
};

constexpr Step literal(std::string_view text) { return {Kind::literal, text}; }

constexpr Step kSteps[] = {
    literal("{"),
    literal("\"findings\""),
    literal(":"),
    literal("["),
    {Kind::first_finding},
    // A finding, behind its brace.
    literal("\"line\""),
    literal(":"),
    {Kind::number},
    literal(","),
    literal("\"quote\""),
    literal(":"),
    {Kind::quote},
    literal(","),
    literal("\"message\""),
    literal(":"),
    {Kind::text, "", ReviewGrammar::kMaxMessageBytes},
    literal(","),
    literal("\"category\""),
    literal(":"),
    {Kind::category},
    literal(","),
    literal("\"severity\""),
    literal(":"),
    {Kind::severity},
    literal(","),
    literal("\"replacement\""),
    literal(":"),
    {Kind::text_or_null, "", ReviewGrammar::kMaxReplacementBytes},
    literal("}"),
    {Kind::next_finding},
    literal("{"),
    literal("}"),  // behind the list
    {Kind::end},
};

constexpr int step_of(Kind kind) {
  for (int i = 0;; ++i)
    if (kSteps[i].kind == kind) return i;
}
constexpr int step_of(std::string_view text) {
  for (int i = 0;; ++i)
    if (kSteps[i].literal == text) return i;
}

constexpr int kFinding = step_of("\"line\"");
constexpr int kQuoteEnd = step_of(Kind::quote) + 1;
constexpr int kReplacement = step_of("\"replacement\"");
constexpr int kNextFinding = step_of(Kind::next_finding);
constexpr int kEnd = step_of(Kind::end);
constexpr int kListEnd = kEnd - 1;

bool is_blank_byte(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\t'; }

}  // namespace

bool ReviewGrammar::allows(std::string_view bytes) const {
  State state = state_;
  for (const char byte : bytes)
    if (!advance(state, static_cast<uint8_t>(byte))) return false;
  return true;
}

void ReviewGrammar::accept(std::string_view bytes) {
  for (const char byte : bytes) {
    const bool is_allowed = advance(state_, static_cast<uint8_t>(byte));
    FATHOM_ASSERT(is_allowed);
  }
}

bool ReviewGrammar::finished() const { return state_.step == kEnd; }

std::string ReviewGrammar::json_schema() const {
  const auto text = [](int max_bytes) {
    // Servers count characters, most of which are bytes.
    return fmt::format(R"({{"type":"string","minLength":1,"maxLength":{}}})", max_bytes / 2);
  };
  const auto one_of = [](const auto& names) {
    return fmt::format(R"({{"enum":["{}"]}})", fmt::join(names, R"(",")"));
  };
  std::string quote = text(kMaxQuoteBytes);
  if (quotable_ && !quotable_->empty()) {
    const std::vector<std::string_view> lines = quotable_->lines();
    if (lines.size() <= kMaxNamedQuotes) quote = one_of(lines);
  }
  return fmt::format(
      R"({{"type":"object","properties":{{"findings":{{"type":"array","maxItems":{},"items":)"
      R"({{"type":"object","properties":{{"line":{{"type":"integer","minimum":1,"maximum":9999999}},)"
      R"("quote":{},"message":{},"category":{},"severity":{},"replacement":{{"anyOf":[{},)"
      R"({{"type":"null"}}]}}}},"required":["line","quote","message","category","severity",)"
      R"("replacement"],"additionalProperties":false}}}}}},"required":["findings"],)"
      R"("additionalProperties":false}})",
      max_findings_, quote, text(kMaxMessageBytes), one_of(model_categories()),
      one_of(severity_names()), text(kMaxReplacementBytes));
}

ReviewGrammar::Place ReviewGrammar::place() const {
  if (state_.step < kFinding || state_.step >= kNextFinding) return Place::between;
  if (state_.step < kQuoteEnd) return Place::where;
  return state_.step < kReplacement ? Place::what : Place::replacement;
}

void ReviewGrammar::go_to(State& state, int step) {
  state = State{.step = static_cast<uint8_t>(step), .n_findings = state.n_findings};
}

bool ReviewGrammar::advance(State& state, uint8_t byte) const {
  const Step& step = kSteps[state.step];
  if (state.n_bytes == 0 && step.kind != Kind::end && is_blank_byte(byte))
    return ++state.n_blanks <= kMaxBlanks;

  const auto choose = [&](std::span<const std::string_view> names) {
    if (state.n_bytes++ == 0) {
      state.choices = (uint32_t{1} << names.size()) - 1;
      return byte == '"';
    }
    const size_t at = state.n_bytes - 2u;  // in the names
    for (size_t i = 0; i < names.size(); ++i) {
      const bool is_open = (state.choices >> i & 1) != 0;
      if (is_open && byte == '"' && names[i].size() == at) {
        go_to(state, state.step + 1);
        return true;
      }
      const bool goes_on = at < names[i].size() && static_cast<uint8_t>(names[i][at]) == byte;
      if (!goes_on) state.choices &= ~(uint32_t{1} << i);
    }
    return state.choices != 0;
  };

  switch (step.kind) {
    case Kind::literal:
      if (byte != static_cast<uint8_t>(step.literal[state.n_bytes])) return false;
      if (++state.n_bytes < step.literal.size()) return true;
      if (step.literal == "{" && state.step > kFinding) {
        go_to(state, kFinding);
      } else {
        go_to(state, state.step + 1);
      }
      return true;
    case Kind::first_finding:
    case Kind::next_finding: {
      if (byte == ']') {
        go_to(state, kListEnd);
        return true;
      }
      const bool is_first = step.kind == Kind::first_finding;
      if (byte != (is_first ? '{' : ',') || state.n_findings >= max_findings_) return false;
      ++state.n_findings;
      go_to(state, is_first ? kFinding : kNextFinding + 1);
      return true;
    }
    case Kind::number:
      if (byte >= '0' && byte <= '9')
        return (byte != '0' || state.n_bytes > 0) && ++state.n_bytes <= kMaxDigits;
      if (state.n_bytes == 0) return false;
      go_to(state, state.step + 1);
      return advance(state, byte);
    case Kind::quote:
      return advance_quote(state, byte);
    case Kind::text:
      return advance_string(state, byte, 1, step.max_bytes);
    case Kind::text_or_null: {
      constexpr std::string_view kNull = "null";
      if (state.n_bytes == 0 && byte == 'n') state.choices = 1;
      if (state.choices == 0) return advance_string(state, byte, 0, step.max_bytes);
      if (byte != static_cast<uint8_t>(kNull[state.n_bytes])) return false;
      if (++state.n_bytes == kNull.size()) go_to(state, state.step + 1);
      return true;
    }
    case Kind::category:
      return choose(model_categories());
    case Kind::severity:
      return choose(severity_names());
    case Kind::end:
      break;
  }
  return false;
}

bool ReviewGrammar::advance_quote(State& state, uint8_t byte) const {
  if (!quotable_) return advance_string(state, byte, 1, kMaxQuoteBytes);
  if (state.n_bytes == 0) {
    ++state.n_bytes;
    state.quote = quotable_->begin_quote();
    return byte == '"';
  }
  if (byte != '"' || !quotable_->may_end(state.quote)) return quotable_->advance(state.quote, byte);
  go_to(state, state.step + 1);
  return true;
}

bool ReviewGrammar::advance_string(State& state, uint8_t byte, int min_bytes, int max_bytes) const {
  if (state.n_bytes == 0) {
    ++state.n_bytes;
    return byte == '"';
  }
  const int n_inside = state.n_bytes - 1;
  ++state.n_bytes;
  const bool is_full = n_inside >= max_bytes && state.text.between_characters();
  switch (state.text.advance(byte)) {
    case JsonString::Step::wrong:
      return false;
    case JsonString::Step::inside:
    case JsonString::Step::character:
      return !is_full;
    case JsonString::Step::closed:
      break;
  }
  if (n_inside < min_bytes) return false;
  go_to(state, state.step + 1);
  return true;
}

}  // namespace fathom::completion
