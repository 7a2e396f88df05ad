// What one of several ranks keeps and reads if they share layers: attention by heads, networks by
// hidden columns, experts as wholes; what cannot be split lies on all of them.
//
// Threads: any.

#pragma once

#include <array>
#include <cstdint>

#include "engine/plan/model_parts.h"

namespace fathom::engine {

/// `n_ranks` ranks have layers [first_layer, end_layer) between them.
struct Sharing {
  int first_layer = 0;
  int end_layer = 0;
  int n_ranks = 1;
  int context_tokens = 0;
};

struct RankNeed {
  std::array<int64_t, kParts> part_bytes{};  // of weights
  int64_t cache_bytes = 0;                   // of a full context
  int64_t scratch_bytes = 0;

  /// What a decoded token reads of weights, on the rank with most of its experts, and of the cache.
  std::array<int64_t, kParts> read_bytes{};
  int64_t cache_read_bytes = 0;
  /// Multiplications of a token without attention and head, and of attention for each pair of query
  /// and key.
  double products = 0;
  double pair_products = 0;
  double head_products = 0;

  int64_t weight_bytes() const;
  int64_t total_bytes() const { return weight_bytes() + cache_bytes + scratch_bytes; }
  int64_t total_read_bytes() const;
};

/// Whether heads and experts can be dealt out to so many ranks.
bool can_share(const ModelParts& model, int n_ranks);

/// On the rank that has most. Only if can_share().
RankNeed need_of_rank(const ModelParts& model, const Sharing& sharing);

}  // namespace fathom::engine
