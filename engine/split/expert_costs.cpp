#include "engine/split/expert_costs.h"

namespace fathom::engine {
namespace {

constexpr double kKept = 0.9;  // of older measurements, each time: about the last ten count

void follow(double& mean, double seconds) {
  mean = mean == 0 ? seconds : kKept * mean + (1 - kKept) * seconds;
}

}  // namespace

void ExpertCosts::note_uses(int n_experts, double seconds) {
  follow(use_seconds_, seconds / n_experts);
}

void ExpertCosts::note_swap(double seconds) { follow(swap_seconds_, seconds); }

}  // namespace fathom::engine
