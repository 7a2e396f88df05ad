// DeepSeek-V2, -V2-Lite, -V2.5, -Coder-V2: latent attention, softmax-routed experts.
//
// Source: DeepSeek-V2, arXiv:2405.04434; modeling_deepseek.py, class MoEGate. llama.cpp scores a
// group of experts by its two best, as in V3; here it is scored by its best, as in the original.

#include "engine/models/architectures.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/latent_transformer.h"

namespace fathom::engine {

namespace {

constexpr double kMscale = 0.707;
constexpr KnownGroups kFullSize = {.n_experts = 160, .n_groups = 8, .n_active_groups = 3};

FeedForwardConfig read_experts(Fields& f) {
  FeedForwardConfig c = read_feed_forward(
      f, {.score = RouterScore::softmax, .group_score = GroupScore::max}, kFullSize);
  RouterConfig& router = c.router;
  const std::string method = f.string_or({"topk_method", ""}, "group_limited_greedy");
  if (method == "greedy")
    router.n_groups = router.n_active_groups = 1;
  else if (method != "group_limited_greedy")
    f.refuse("topk_method \"" + method + "\" is not supported");
  if (f.string_or({"scoring_func", ""}, "softmax") != "softmax")
    f.refuse("scoring_func other than softmax is not supported");
  // The original either normalises or scales.
  router.normalise = router.normalise && router.n_active > 1;
  if (router.normalise) router.scale = 1;
  return c;
}

LatentTransformerConfig read_config(Fields& f) {
  if (f.is_gguf()) read_gguf_score(f);
  return read_latent_transformer(f, read_mla_config(f, kMscale), read_experts(f));
}

}  // namespace

bool is_deepseek_v2(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  return read_gguf_score(fields) == RouterScore::softmax;
}

Result<ConfigNotes> check_deepseek_v2(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_deepseek_v2(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  LatentTransformerConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_latent_transformer(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine
