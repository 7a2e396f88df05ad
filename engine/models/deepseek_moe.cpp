// DeepSeekMoE 16B: the attention of Llama, softmax-routed experts.
//
// Source: DeepSeekMoE, arXiv:2401.06066; modeling_deepseek.py; llama.cpp's names for GGUF.

#include "engine/models/architectures.h"
#include "engine/models/feed_forward_config.h"
#include "engine/models/gqa.h"

namespace fathom::engine {

namespace {

GqaConfig read_config(Fields& fields) {
  // llama.cpp's converter permutes q and k so that rotated pairs are neighbours.
  const RopeLayout layout = fields.is_gguf() ? RopeLayout::interleaved : RopeLayout::half_split;
  GqaConfig config = read_gqa_config(fields, layout);
  config.ffn = read_feed_forward(fields, {.score = RouterScore::softmax}, {});
  if (fields.string_or({"scoring_func", ""}, "softmax") != "softmax")
    fields.refuse("scoring_func other than softmax is not supported");
  if (fields.flag_or({"attention_bias", ""}, false))
    fields.refuse("attention_bias is not supported");
  return config;
}

}  // namespace

Result<ConfigNotes> check_deepseek_moe(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_deepseek_moe(std::shared_ptr<const Checkpoint> checkpoint,
                                                 Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  GqaConfig config = read_config(fields);
  FATHOM_CHECK(fields.status());
  return load_gqa(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine
