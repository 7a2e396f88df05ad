#include "engine/models/deepseek_v3_router.h"

namespace fathom::engine {

FeedForwardConfig read_v3_experts(Fields& f) {
  constexpr KnownGroups kFullSize = {.n_experts = 256, .n_groups = 8, .n_active_groups = 4};
  const bool is_sigmoid = f.is_gguf() ? read_gguf_score(f) == RouterScore::sigmoid
                                      : f.string_or({"scoring_func", ""}, "sigmoid") == "sigmoid";
  if (!is_sigmoid || f.string_or({"topk_method", ""}, "noaux_tc") != "noaux_tc")
    f.refuse("chooses experts otherwise than DeepSeek-V3");
  f.positive({"routed_scaling_factor", "expert_weights_scale"});  // no release is without one
  return read_feed_forward(
      f, {.score = RouterScore::sigmoid, .group_score = GroupScore::top2_sum, .normalise = true},
      kFullSize);
}

}  // namespace fathom::engine
