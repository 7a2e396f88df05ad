// How many guessed tokens are worth computing.
//
// A drafted token costs a row of a step and saves a step if it is right. Both are learned: the cost
// of rows from the steps (step_costs.h), the odds of a guess from what the model really wrote where
// something could have been guessed, drafted or not. So drafting begins and ends with its profit:
// where guesses fail, or rows are dear, it costs nothing.
//
// Engine thread only.

#pragma once

#include <array>
#include <span>

#include "engine/look_up.h"
#include "engine/step_costs.h"

namespace fathom::engine {

class DraftPolicy final {
 public:
  static constexpr int kMaxDraft = StepCosts::kMaxRows - 1;

  /// `row_share`: see StepCosts.
  explicit DraftPolicy(double row_share = 0);

  /// Rows of a step, and how many tokens they will probably yield.
  struct Step {
    int n_rows = 0;
    double n_tokens = 0;
  };

  /// How many of the drafts make the step, which has `step` already, yield most tokens a second
  /// together with their job's own row; 0 to odds.size(). odds[i]: that draft i is right if those
  /// before it are.
  int choose(const Step& step, std::span<const double> odds) const;
  /// `step` with a job's own row and its drafts.
  static Step with_job(Step step, std::span<const double> odds);

  /// That the token is right that followed an ending of this length elsewhere.
  double odds_of_match(int match) const;
  /// It was, or not.
  void note_match(int match, bool right);

  void note_step(int n_rows, double seconds) { costs_.note(n_rows, seconds); }

 private:
  StepCosts costs_;
  std::array<double, kMaxMatch + 1> odds_{};
};

}  // namespace fathom::engine
