#include "engine/find_top.h"

#include <algorithm>
#include <cmath>

namespace fathom::engine {
namespace {

/// Puts a logit where it belongs, behind equal ones; the last one goes if there is no room.
void insert(TopLogits& top, TokenLogit added) {
  int place = top.n < TopLogits::kMost ? top.n++ : TopLogits::kMost - 1;
  for (; place > 0 && top.likeliest[place - 1].logit < added.logit; --place)
    top.likeliest[place] = top.likeliest[place - 1];
  top.likeliest[place] = added;
}

// Few logits are among the largest: looking at the largest of some neighbours first is one
// instruction for several of them.
constexpr size_t kNeighbours = 16;

bool any_above(const float* logits, float limit) {
  bool any = false;
  for (size_t i = 0; i < kNeighbours; ++i) any |= logits[i] > limit;
  return any;
}

void find_likeliest(TopLogits& top, std::span<const float> logits) {
  top.n = 0;
  for (size_t first = 0; first < logits.size(); first += kNeighbours) {
    const size_t end = std::min(first + kNeighbours, logits.size());
    const bool is_full = top.n == TopLogits::kMost;
    const float last = top.likeliest[TopLogits::kMost - 1].logit;
    if (is_full && end == first + kNeighbours && !any_above(&logits[first], last)) continue;
    for (size_t id = first; id < end; ++id)
      if (top.n < TopLogits::kMost || logits[id] > top.likeliest[TopLogits::kMost - 1].logit)
        insert(top, {static_cast<int32_t>(id), logits[id]});
  }
}

// Terms below exp(-24) of the largest change the sum by less than a float can hold, even 200,000
// of them; skipping their exp() makes the sum cheap.
constexpr float kNegligible = -24.0f;

/// Of exp(factor * (logit - highest)); no number if a logit is none.
float sum_of_exp(std::span<const float> logits, float highest, float factor) {
  double sum = 0.0;
  for (const float logit : logits) {
    const float below = (logit - highest) * factor;
    if (!(below <= kNegligible)) sum += std::exp(below);
  }
  return static_cast<float>(sum);
}

}  // namespace

void find_top(TopLogits& top, std::span<const float> logits) {
  find_likeliest(top, logits);
  const float highest = top.likeliest[0].logit;
  top.sum = sum_of_exp(logits, highest, 1.0f);
  top.tempered_sum =
      top.temperature > 0 ? sum_of_exp(logits, highest, 1.0f / top.temperature) : 0.0f;
}

}  // namespace fathom::engine
