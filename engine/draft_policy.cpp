#include "engine/draft_policy.h"

#include <algorithm>

namespace fathom::engine {
namespace {

constexpr double kWeight = 1.0 / 16;  // of a new observation beside the older ones

// Drafts must promise this much more, because the promise is an estimate.
constexpr double kMargin = 1.1;

}  // namespace

DraftPolicy::DraftPolicy(double row_share) : costs_(row_share) {
  // The longer the match, the surer; what is true here is learned quickly.
  for (int match = 0; match <= kMaxMatch; ++match) odds_[match] = match / (match + 2.0);
}

double DraftPolicy::odds_of_match(int match) const {
  return odds_[std::clamp(match, 0, kMaxMatch)];
}

void DraftPolicy::note_match(int match, bool right) {
  double& odds = odds_[std::clamp(match, 0, kMaxMatch)];
  odds += kWeight * ((right ? 1.0 : 0.0) - odds);
}

DraftPolicy::Step DraftPolicy::with_job(Step step, std::span<const double> odds) {
  double all_right = 1;
  ++step.n_rows;
  ++step.n_tokens;
  for (const double each : odds) {
    all_right *= each;
    ++step.n_rows;
    step.n_tokens += all_right;
  }
  return step;
}

int DraftPolicy::choose(const Step& step, std::span<const double> odds) const {
  const int room = StepCosts::kMaxRows - step.n_rows - 1;
  int best = 0;
  double best_rate = 0;
  for (int n = 0; n <= std::min(room, static_cast<int>(odds.size())); ++n) {
    const Step whole = with_job(step, odds.first(n));
    const double seconds = costs_.seconds(whole.n_rows);
    if (seconds <= 0) return 0;  // nothing is known yet
    const double rate = whole.n_tokens / seconds;
    if (n == 0) {
      best_rate = kMargin * rate;
    } else if (rate > best_rate) {
      best = n;
      best_rate = rate;
    }
  }
  return best;
}

}  // namespace fathom::engine
