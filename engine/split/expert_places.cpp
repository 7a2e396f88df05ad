#include "engine/split/expert_places.h"

#include <numeric>
#include <utility>

namespace fathom::engine {
namespace {

// After so many steps the older ones count half.
constexpr int64_t kRememberedSteps = 2048;

}  // namespace

ExpertPlaces::ExpertPlaces(int n_experts, int n_on_device)
    : n_on_device_(n_on_device), places_(n_experts), uses_(n_experts) {
  std::iota(places_.begin(), places_.end(), 0);
}

int ExpertPlaces::note_step(std::span<const int32_t> experts) {
  if (n_steps_ % kRememberedSteps == 0) {
    for (Uses& uses : uses_) uses.n /= 2;
  }
  ++n_steps_;
  int n_on_host = 0;
  for (const int32_t expert : experts) {
    if (expert == kNot || uses_[expert].last_step == n_steps_) continue;
    uses_[expert].last_step = n_steps_;
    ++uses_[expert].n;
    if (on_host(expert) != kNot) ++n_on_host;
  }
  return n_on_host;
}

ExpertPlaces::Swap ExpertPlaces::best_swap() const {
  int most = kNot, least = kNot;  // used: of those on the host, on the device
  for (int expert = 0; expert < static_cast<int>(places_.size()); ++expert) {
    if (on_device(expert) != kNot) {
      if (least == kNot || uses_[expert].n < uses_[least].n) least = expert;
    } else if (most == kNot || uses_[expert].n > uses_[most].n) {
      most = expert;
    }
  }
  if (most == kNot || least == kNot || uses_[most].n <= uses_[least].n) return {};
  return {.to_device = most, .to_host = least, .n_saved_uses = uses_[most].n - uses_[least].n};
}

void ExpertPlaces::swap(const Swap& swap) {
  std::swap(places_[swap.to_device], places_[swap.to_host]);
}

}  // namespace fathom::engine
