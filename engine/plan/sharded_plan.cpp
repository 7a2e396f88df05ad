#include "engine/plan/sharded_plan.h"

#include <algorithm>

#include "engine/plan/assumptions.h"

namespace fathom::engine {
namespace {

class Planner final {
 public:
  Planner(const ModelParts& model, const Gpu& gpu, int context_tokens)
      : model_(model), gpu_(gpu), context_tokens_(context_tokens) {}

  ShardedPlan best(int n_gpus) const {
    std::optional<ShardedPlan> closest;
    for (int n_stages = 1; n_stages <= std::min(n_gpus, model_.n_layers); ++n_stages) {
      if (n_gpus % n_stages != 0 || !can_share(model_, n_gpus / n_stages)) continue;
      ShardedPlan plan = with_stages(n_gpus, n_stages);
      if (plan.fits) return plan;
      if (!closest || free_bytes(plan) > free_bytes(*closest)) closest = std::move(plan);
    }
    // More GPUs than there are layers and heads to deal out: the others have nothing to do.
    return closest ? std::move(*closest) : best(n_gpus - 1);
  }

  ShardedPlan with_stages(int n_gpus, int n_stages) const {
    ShardedPlan plan = {.n_gpus = n_gpus, .ranks_per_stage = n_gpus / n_stages};
    const int n_prompt = prompt_tokens(context_tokens_);
    for (int i = 0; i < n_stages; ++i) {
      plan.stages.push_back(stage(i, n_stages, plan.ranks_per_stage));
      const RankNeed& need = plan.stages.back().need;
      plan.decode.read_s += static_cast<double>(need.total_read_bytes()) / gpu_.bytes_per_s;
      plan.prompt_s += prompt_seconds(gpu_, need, n_prompt);
    }
    plan.fits = free_bytes(plan) >= 0;
    plan.decode.sync_s = sync_seconds(model_.n_layers);
    plan.decode.exchange_s = exchange(plan, 1);
    plan.prompt_s += exchange(plan, n_prompt);
    return plan;
  }

  static int64_t free_bytes(const ShardedPlan& plan) {
    return std::min_element(plan.stages.begin(), plan.stages.end(), by_free_bytes)->free_bytes;
  }

 private:
  static bool by_free_bytes(const Stage& a, const Stage& b) { return a.free_bytes < b.free_bytes; }

  Stage stage(int index, int n_stages, int n_ranks) const {
    const int first = model_.n_layers * index / n_stages;
    const bool is_last = index + 1 == n_stages;
    const int end =
        is_last ? static_cast<int>(model_.layers.size()) : model_.n_layers * (index + 1) / n_stages;
    Stage stage = {.first_layer = first, .n_layers = end - first};
    stage.need = need_of_rank(model_, {first, end, n_ranks, context_tokens_});
    stage.free_bytes = usable_bytes(gpu_) - stage.need.total_bytes();
    return stage;
  }

  double exchange(const ShardedPlan& plan, int n_tokens) const {
    const double n_bytes = double{kBytesOnWire} * n_tokens * model_.dim;
    const auto n_hops = static_cast<double>(plan.stages.size() - 1);
    return exchange_seconds(gpu_.link, plan.ranks_per_stage, model_.n_layers, n_bytes) +
           n_hops * (gpu_.link.latency_s + n_bytes / gpu_.link.bytes_per_s);
  }

  const ModelParts& model_;
  const Gpu& gpu_;
  const int context_tokens_;
};

}  // namespace

ShardedPlan plan_shards(const ModelParts& model, const Gpu& gpu, int n_gpus, int context_tokens) {
  const Planner planner(model, gpu, context_tokens);
  ShardedPlan plan = planner.best(n_gpus);
  for (int n = 1; !plan.fits && !plan.gpus_needed && n <= kMaxGpus; n *= 2)
    if (n > n_gpus && planner.best(n).fits) plan.gpus_needed = n;
  return plan;
}

}  // namespace fathom::engine
