// What a model's review says, read from the tokens that it generates.
//
// Threads: one at a time.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/review/finding.h"
#include "completion/review/review_grammar.h"

namespace fathom::completion {

/// A finding as the model states it; nothing of it has been checked against the code.
struct Claim {
  int line = 0;
  std::string quote;
  std::string message;
  std::string category;
  Severity severity = Severity::warning;
  std::optional<std::string> replacement;
  /// How willingly the model said this of all that it could have said: the geometric mean of the
  /// probabilities of its tokens up to the end of its quote, or up to a later one before the
  /// replacement if that is less. So a claim that is doubted once stays so.
  double confidence = 0;
};

/// Takes the tokens of an answer as they come.
class AnswerReader final {
 public:
  explicit AnswerReader(int max_findings) : grammar_(max_findings) {}

  /// False once the answer has left the form of ReviewGrammar: nothing more is read.
  bool feed(std::string_view bytes, float logprob);

  /// Those that are complete, also of an answer that is not.
  const std::vector<Claim>& claims() const { return claims_; }
  /// Whether the claim under way has less than this confidence already.
  bool is_below(double confidence) const;
  bool is_complete() const { return grammar_.finished(); }

 private:
  ReviewGrammar grammar_;
  bool is_broken_ = false;
  std::string object_;  // the claim under way
  double sum_logprob_ = 0;
  int n_tokens_ = 0;
  double confidence_ = 1;  // until its quote has ended
  std::vector<Claim> claims_;
};

}  // namespace fathom::completion
