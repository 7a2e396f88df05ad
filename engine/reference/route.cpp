// How a token chooses its experts.
//
//   s = softmax(logits), sigmoid(logits) or sqrt(softplus(logits))
//   b = s + bias                                     only the choice goes by it
//   group score = max of b (V2) or sum of its two largest (V3); the best groups stay, the others'
//   b becomes 0 (V2) or -inf (V3)
//   chosen = the n_active largest b, equal ones by lower id; or given
//   weight = s of the chosen ones; divided by their sum + 1e-20 if `normalise`; times `scale`
//
// Source: class MoEGate of modeling_deepseek.py (DeepSeek-V2: "greedy", "group_limited_greedy";
// DeepSeek-V3: "noaux_tc") and class Gate of inference/model.py of DeepSeek-V3 and -V4.

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/assert.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// ln(1 + exp(x)), also where exp(x) would overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

void scores_of(std::span<double> scores, const float* logits, RouterScore score) {
  if (score == RouterScore::sigmoid) {
    for (size_t e = 0; e < scores.size(); ++e) scores[e] = 1.0 / (1.0 + std::exp(-logits[e]));
    return;
  }
  if (score == RouterScore::sqrt_softplus) {
    for (size_t e = 0; e < scores.size(); ++e) scores[e] = std::sqrt(softplus(logits[e]));
    return;
  }
  const double largest = *std::max_element(logits, logits + scores.size());
  double sum = 0.0;
  for (size_t e = 0; e < scores.size(); ++e) {
    scores[e] = std::exp(logits[e] - largest);
    sum += scores[e];
  }
  for (double& s : scores) s /= sum;
}

double group_score(std::span<const double> group, GroupScore kind) {
  double first = kLowest;
  double second = kLowest;
  for (const double score : group) {
    if (score > first) {
      second = first;
      first = score;
    } else if (score > second) {
      second = score;
    }
  }
  return kind == GroupScore::max || group.size() == 1 ? first : first + second;
}

/// Marks and returns the largest one not taken yet. Numbers that compare with nothing (NaN) are
/// taken last, so that the result is a valid index whatever the model computes.
int take_best(std::span<const double> scores, std::span<char> taken) {
  int best = -1;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (taken[i]) continue;
    if (best < 0 || scores[i] > scores[best] ||
        (std::isnan(scores[best]) && scores[i] == scores[i]))
      best = static_cast<int>(i);
  }
  FATHOM_ASSERT(best >= 0);
  taken[best] = 1;
  return best;
}

/// Final multipliers of the experts in `chosen`, from the scores of all.
void weigh(float* weights, std::span<const int32_t> chosen, std::span<const double> scores,
           const RouterConfig& config) {
  double sum = 0.0;
  for (const int32_t expert : chosen) sum += scores[expert];
  const double factor = config.normalise ? config.scale / (sum + 1e-20) : config.scale;
  for (size_t slot = 0; slot < chosen.size(); ++slot)
    weights[slot] = static_cast<float>(scores[chosen[slot]] * factor);
}

}  // namespace

void ReferenceBackend::route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                                const RouterConfig& config) {
  FATHOM_ASSERT(logits.cols == config.n_experts && routes.n_active == config.n_active);
  FATHOM_ASSERT(std::ssize(experts) == int64_t{logits.rows} * routes.n_active);
  std::vector<double>& scores = route_scratch_.scores;
  scores.resize(config.n_experts);
  for (const int32_t expert : experts) FATHOM_ASSERT(expert >= 0 && expert < config.n_experts);
  std::copy(experts.begin(), experts.end(), routes.experts);
  for (int row = 0; row < logits.rows; ++row) {
    const int64_t first = int64_t{row} * routes.n_active;
    scores_of(scores, logits.row(row), config.score);
    weigh(routes.weights + first, experts.subspan(first, routes.n_active), scores, config);
  }
}

void ReferenceBackend::route(Routes routes, Tensor logits, const Weight* bias,
                             const RouterConfig& config) {
  const int n_experts = config.n_experts;
  FATHOM_ASSERT(logits.cols == n_experts && routes.n_active == config.n_active);
  FATHOM_ASSERT(config.n_active <= n_experts && n_experts % config.n_groups == 0);
  FATHOM_ASSERT(config.n_active_groups <= config.n_groups);
  const int group_size = n_experts / config.n_groups;

  RouteScratch& scratch = route_scratch_;
  scratch.bias.assign(n_experts, 0.0f);
  scratch.scores.resize(n_experts);
  scratch.choice.resize(n_experts);
  scratch.group_scores.resize(config.n_groups);
  if (bias != nullptr) host_weight(*bias).read_row(0, 0, scratch.bias);

  for (int row = 0; row < logits.rows; ++row) {
    scores_of(scratch.scores, logits.row(row), config.score);
    for (int e = 0; e < n_experts; ++e) scratch.choice[e] = scratch.scores[e] + scratch.bias[e];

    if (config.n_active_groups < config.n_groups) {
      for (int g = 0; g < config.n_groups; ++g) {
        const std::span<const double> group(&scratch.choice[g * group_size], group_size);
        scratch.group_scores[g] = group_score(group, config.group_score);
      }
      scratch.taken.assign(config.n_groups, 0);
      for (int i = 0; i < config.n_active_groups; ++i)
        take_best(scratch.group_scores, scratch.taken);
      const double masked = config.group_score == GroupScore::max ? 0.0 : kLowest;
      for (int e = 0; e < n_experts; ++e) {
        if (!scratch.taken[e / group_size]) scratch.choice[e] = masked;
      }
    }

    int32_t* experts = routes.experts + int64_t{row} * routes.n_active;
    scratch.taken.assign(n_experts, 0);
    for (int slot = 0; slot < config.n_active; ++slot)
      experts[slot] = take_best(scratch.choice, scratch.taken);
    weigh(routes.weights + int64_t{row} * routes.n_active,
          {experts, static_cast<size_t>(config.n_active)}, scratch.scores, config);
  }
}

}  // namespace fathom::engine
