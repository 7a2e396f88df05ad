#include "engine/models/mla_config.h"

#include <cmath>

#include "engine/models/limits.h"
#include "engine/models/rope_tables.h"

namespace fathom::engine {
namespace {

constexpr FieldName kQueryLatent = {"q_lora_rank", "attention.q_lora_rank"};

void read_head_dims(Fields& f, MlaConfig& c) {
  c.rope_dim = f.count({"qk_rope_head_dim", "rope.dimension_count"}, kMaxHeadDim);
  // GGUF before April 2025 has no *_mla keys, and the same numbers in the plain ones.
  const bool old_gguf = !f.has({"", "attention.key_length_mla"});
  if (f.is_gguf()) {
    const int key_dim =
        f.count({"", old_gguf ? "attention.key_length" : "attention.key_length_mla"}, kMaxHeadDim);
    c.nope_dim = key_dim - c.rope_dim;
  } else {
    c.nope_dim = f.count({"qk_nope_head_dim", ""}, kMaxHeadDim);
  }
  c.v_dim =
      f.count({"v_head_dim", old_gguf ? "attention.value_length" : "attention.value_length_mla"},
              kMaxHeadDim);
  if (c.nope_dim < 1 || c.rope_dim % 2 != 0)
    f.refuse(fmt::format("heads of {} + {} numbers are not supported", c.nope_dim, c.rope_dim));
}

// Source: modeling_deepseek.py, DeepseekV2Attention: softmax_scale * mscale * mscale.
void read_rope(Fields& f, MlaConfig& c, double known_mscale) {
  RopeScaling scaling = read_rope_scaling(f);
  double mscale = 1;
  if (auto* yarn = std::get_if<YarnScaling>(&scaling)) {
    if (f.is_gguf() && !f.has({"", "rope.scaling.yarn_log_multiplier"})) {
      yarn->magnitude = 1;
      yarn->mscale_all_dim = known_mscale;
      f.note(
          fmt::format("rope.scaling.yarn_log_multiplier is missing; taken as {}, which all "
                      "models of this generation have",
                      0.1 * known_mscale));
    }
    mscale = yarn_mscale(yarn->factor, yarn->mscale_all_dim);
  }
  const bool interleaved = f.flag_or({"rope_interleave", ""}, true);
  c.rope = make_rope(interleaved ? RopeLayout::interleaved : RopeLayout::half_split, c.rope_dim,
                     read_rope_base(f), scaling);
  c.softmax_scale = static_cast<float>(mscale * mscale / std::sqrt(c.nope_dim + c.rope_dim));
}

}  // namespace

MlaConfig read_mla_config(Fields& f, double known_mscale) {
  if (!f.flag_or({"use_mla", ""}, true)) f.refuse("use_mla: false is not supported");
  MlaConfig c;
  c.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
  c.n_heads = f.count({"num_attention_heads", "attention.head_count"}, kMaxHeads);
  c.q_lora = f.zero_or_count(kQueryLatent, kMaxHeadDim, 0);
  c.kv_lora = f.count({"kv_lora_rank", "attention.kv_lora_rank"}, kMaxHeadDim);
  read_head_dims(f, c);
  c.norm_eps = static_cast<float>(f.positive({"rms_norm_eps", "attention.layer_norm_rms_epsilon"}));
  read_rope(f, c, known_mscale);
  return c;
}

}  // namespace fathom::engine
