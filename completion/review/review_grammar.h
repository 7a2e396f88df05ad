// The form of a model's review: JSON whose keys come in one order, so that each byte can be checked
// as it is generated.
//
//   {"findings":[{"line":12,"quote":"...","message":"...","category":"bug","severity":"error",
//                 "replacement":"..."},...]}
//
// "replacement" may be null. Blanks may stand between any two parts, as models like them. Strings
// are valid UTF-8 of bounded length, so every review ends.
//
// Threads: one at a time.

#pragma once

#include <cstdint>
#include <string_view>

#include "engine/text_constraint.h"

namespace fathom::completion {

class ReviewGrammar final : public engine::TextConstraint {
 public:
  static constexpr int kMaxQuoteBytes = 600;
  static constexpr int kMaxMessageBytes = 500;
  static constexpr int kMaxReplacementBytes = 2000;

  explicit ReviewGrammar(int max_findings) : max_findings_(max_findings) {}

  bool allows(std::string_view bytes) const override;
  void accept(std::string_view bytes) override;
  bool finished() const override;

  /// What the text so far ends in.
  enum class Place {
    between,      // outside of all findings
    claim,        // a finding, up to its replacement
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
    uint8_t escape = 0;           // 1: behind a backslash; 2 to 5: hexadecimal digits of \u
    bool is_high_escape = false;  // \ud: a surrogate must not follow
    uint8_t n_continuation = 0;   // bytes that the character still needs
    uint8_t lowest = 0;           // what the next of them must be
    uint8_t highest = 0;
    uint32_t choices = 0;  // that the bytes may still become, a bit each
  };

  bool advance(State& state, uint8_t byte) const;
  bool advance_string(State& state, uint8_t byte, int min_bytes, int max_bytes) const;
  static bool advance_escape(State& state, uint8_t byte);
  static void go_to(State& state, int step);

  int max_findings_;
  State state_;
};

}  // namespace fathom::completion
