// A model on several GPUs: each layer shared by all of them, or by groups of them that have some of
// the layers each.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/plan/gpu_table.h"
#include "engine/plan/model_parts.h"
#include "engine/plan/rank_need.h"
#include "engine/plan/step_time.h"

namespace fathom::engine {

/// A group of ranks with consecutive layers. A token passes one stage after the other.
struct Stage {
  int first_layer = 0;
  int n_layers = 0;        // drafts included
  RankNeed need;           // of each of its ranks
  int64_t free_bytes = 0;  // negative: so much is missing
};

struct ShardedPlan {
  int n_gpus = 0;
  int ranks_per_stage = 0;
  std::vector<Stage> stages;  // one, unless that neither fits nor divides
  bool fits = false;
  DecodeTime decode;
  double prompt_s = 0;
  /// If it does not fit: the power of two of such GPUs that would do; nothing if none does.
  std::optional<int> gpus_needed;
};

inline constexpr int kMaxGpus = 1024;

/// n_gpus in [1, kMaxGpus]; context_tokens at least 1. The fewest stages with which it fits; if
/// none do, those that come closest.
ShardedPlan plan_shards(const ModelParts& model, const Gpu& gpu, int n_gpus, int context_tokens);

}  // namespace fathom::engine
