// What operations of a Backend are told, as plain data that the kernels of every backend can
// include.

#pragma once

#include <cstdint>

namespace fathom::engine {

class Weight;

enum class RouterScore { softmax, sigmoid, sqrt_softplus };
enum class GroupScore { max, top2_sum };

/// How a token chooses its experts. Names as in DeepSeek's config.json.
struct RouterConfig {
  RouterScore score = RouterScore::softmax;
  int n_experts = 0;
  int n_active = 0;
  int n_groups = 1;         // experts are divided into groups of neighbours
  int n_active_groups = 1;  // only experts of the best groups can be chosen
  GroupScore group_score = GroupScore::max;
  bool normalise = false;  // weights of the chosen ones sum to 1 (before scale)
  float scale = 1.0f;      // routed_scaling_factor
};

/// The chosen experts of n tokens, in backend memory.
struct Routes {
  int32_t* experts = nullptr;  // [n, n_active], in order of falling score; ties: lower id first
  float* weights = nullptr;    // [n, n_active], final multipliers
  int n_active = 0;
};

/// Groups of `size` consecutive tokens whose keys are pooled into one. Group g is positions
/// [g * size, (g + 1) * size) and is complete for queries at its last position and later ones. What
/// belongs to a group lies in the cache row of its last token.
struct GroupPooling {
  int size = 0;
  /// The numbers to pool and their gates, [numbers: width | gates: width] from this column of every
  /// token's cache row; width is `dim`, or 2 * dim if groups overlap.
  int column = 0;
  int dim = 0;
  bool overlaps = false;
  const Weight* position_bias = nullptr;  // [size, width], added to the gates
};

/// Keys of groups in the cache, `column` on, for queries that see those of complete groups. Groups
/// of one token: a key for each token.
struct GroupKeys {
  int size = 0;
  int column = 0;
};

/// The groups that the queries of n rows chose, in backend memory.
struct ChosenGroups {
  int32_t* groups = nullptr;  // [n, limit], ascending; -1 behind the last if there are fewer
  int limit = 0;
};

}  // namespace fathom::engine
