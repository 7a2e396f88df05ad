// The form of a model's review: JSON whose keys come in one order, so that each byte can be checked
// as it is generated.
//
//   {"findings":[{"line":12,"quote":"...","message":"...","category":"bug","severity":"error",
//                 "replacement":"..."},...]}
//
// "replacement" may be null. Blanks may stand between any two parts, as models like them. Strings
// are valid UTF-8 of bounded length, so every review ends. "quote" may be bound to what there is to
// quote, so that a model which wants to quote something else has to say so against its will, and
// its confidence tells.
//
// Threads: one at a time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "completion/json_string.h"
#include "completion/review/quotable_lines.h"
#include "engine/text_constraint.h"

namespace fathom::completion {

class ReviewGrammar final : public engine::TextConstraint {
 public:
  static constexpr int kMaxQuoteBytes = 600;
  static constexpr int kMaxMessageBytes = 500;
  static constexpr int kMaxReplacementBytes = 2000;

  /// `quotable`: null: a quote is any text. Where there is nothing to quote there are no findings.
  explicit ReviewGrammar(int max_findings, std::shared_ptr<const QuotableLines> quotable = nullptr)
      : max_findings_(quotable && quotable->empty() ? 0 : max_findings),
        quotable_(std::move(quotable)) {}

  bool allows(std::string_view bytes) const override;
  void accept(std::string_view bytes) override;
  bool finished() const override;
  std::string json_schema() const override;

  /// What the text so far ends in.
  enum class Place {
    between,      // outside of all findings
    where,        // a finding, up to the end of its quote
    what,         // up to its replacement
    replacement,  // the rest of a finding
  };
  Place place() const;

 private:
  struct State {
    uint8_t step = 0;
    uint8_t n_blanks = 0;    // before the step, so far
    uint8_t n_findings = 0;  // begun
    // Inside the step; all 0 at its begin.
    uint16_t n_bytes = 0;
    JsonString text;
    uint32_t choices = 0;  // that the bytes may still become, a bit each
    QuotableLines::Quote quote;
  };

  bool advance(State& state, uint8_t byte) const;
  bool advance_string(State& state, uint8_t byte, int min_bytes, int max_bytes) const;
  static void go_to(State& state, int step);

  bool advance_quote(State& state, uint8_t byte) const;

  int max_findings_;
  std::shared_ptr<const QuotableLines> quotable_;
  State state_;
};

}  // namespace fathom::completion
