#include "engine/convert/shapes.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/checkpoint/builder.h"
#include "engine/convert/synth.h"

namespace fathom::engine {
namespace {

struct Shape {
  std::string_view name;
  std::string_view architecture;
  int layers, dim, heads, hidden, vocab, context;
  double rope_base = 10000;
  double linear_scaling = 0;
  // Experts, in all layers but the first `dense`; chosen among those of the best groups.
  int experts = 0, active = 0, shared = 0, expert_hidden = 0;
  int dense = 1, groups = 1, active_groups = 1;
  double routed_scale = 1;
  // Latent attention; without q_lora queries have no latent.
  int q_lora = 0, kv_lora = 0, nope = 0, rope = 0, v_dim = 0;
  double yarn_mscale = 0;  // with a factor of 40 over 4096 tokens
  bool is_sigmoid = false;
};

// From the models' config.json.
constexpr Shape kShapes[] = {
    {.name = "nano",
     .architecture = "DeepseekV3ForCausalLM",
     .layers = 8,
     .dim = 256,
     .heads = 4,
     .hidden = 768,
     .vocab = 8192,
     .context = 4096,
     .experts = 16,
     .active = 2,
     .shared = 1,
     .expert_hidden = 256,
     .q_lora = 192,
     .kv_lora = 128,
     .nope = 32,
     .rope = 32,
     .v_dim = 64,
     .is_sigmoid = true},
    {.name = "1.3b",
     .architecture = "LlamaForCausalLM",
     .layers = 24,
     .dim = 2048,
     .heads = 16,
     .hidden = 5504,
     .vocab = 32256,
     .context = 16384,
     .rope_base = 100000,
     .linear_scaling = 4},
    {.name = "6.7b",
     .architecture = "LlamaForCausalLM",
     .layers = 32,
     .dim = 4096,
     .heads = 32,
     .hidden = 11008,
     .vocab = 32256,
     .context = 16384,
     .rope_base = 100000,
     .linear_scaling = 4},
    {.name = "moe-16b",
     .architecture = "DeepseekForCausalLM",
     .layers = 28,
     .dim = 2048,
     .heads = 16,
     .hidden = 10944,
     .vocab = 102400,
     .context = 4096,
     .experts = 64,
     .active = 6,
     .shared = 2,
     .expert_hidden = 1408},
    {.name = "v2-lite",
     .architecture = "DeepseekV2ForCausalLM",
     .layers = 27,
     .dim = 2048,
     .heads = 16,
     .hidden = 10944,
     .vocab = 102400,
     .context = 163840,
     .experts = 64,
     .active = 6,
     .shared = 2,
     .expert_hidden = 1408,
     .kv_lora = 512,
     .nope = 128,
     .rope = 64,
     .v_dim = 128,
     .yarn_mscale = 0.707},
    // Also R1 and V3.1; without the draft layer.
    {.name = "v3",
     .architecture = "DeepseekV3ForCausalLM",
     .layers = 61,
     .dim = 7168,
     .heads = 128,
     .hidden = 18432,
     .vocab = 129280,
     .context = 163840,
     .experts = 256,
     .active = 8,
     .shared = 1,
     .expert_hidden = 2048,
     .dense = 3,
     .groups = 8,
     .active_groups = 4,
     .routed_scale = 2.5,
     .q_lora = 1536,
     .kv_lora = 512,
     .nope = 128,
     .rope = 64,
     .v_dim = 128,
     .yarn_mscale = 1.0,
     .is_sigmoid = true},
};

class ShapeBuilder final {
 public:
  explicit ShapeBuilder(const Shape& shape) : s_(shape) {}

  Result<std::shared_ptr<const Checkpoint>> build() {
    parts_.format = Checkpoint::Format::hugging_face;
    parts_.architecture = s_.architecture;
    parts_.source = fmt::format("synthetic-{}", s_.name);
    write_config();
    matrix("model.embed_tokens.weight", s_.vocab, s_.dim);
    matrix("lm_head.weight", s_.vocab, s_.dim);
    vector("model.norm.weight", s_.dim);
    for (int i = 0; i < s_.layers; ++i) add_layer(i);
    return CheckpointBuilder::build(std::move(parts_));
  }

 private:
  void set(std::string key, Metadata::Value value) {
    parts_.metadata.set(std::move(key), std::move(value));
  }
  void set(std::string key, int value) { set(std::move(key), Metadata::Value(int64_t{value})); }

  void write_config() {
    set("num_hidden_layers", s_.layers);
    set("hidden_size", s_.dim);
    set("num_attention_heads", s_.heads);
    set("num_key_value_heads", s_.heads);
    set("intermediate_size", s_.hidden);
    set("vocab_size", s_.vocab);
    set("max_position_embeddings", s_.context);
    set("rms_norm_eps", Metadata::Value(1e-6));
    set("rope_theta", Metadata::Value(s_.rope_base));
    set("tie_word_embeddings", Metadata::Value(false));
    if (s_.linear_scaling > 0) {
      set("rope_scaling.type", Metadata::Value(std::string("linear")));
      set("rope_scaling.factor", Metadata::Value(s_.linear_scaling));
    }
    if (s_.yarn_mscale > 0) {
      set("rope_scaling.type", Metadata::Value(std::string("yarn")));
      set("rope_scaling.factor", 40);
      set("rope_scaling.original_max_position_embeddings", 4096);
      set("rope_scaling.mscale", Metadata::Value(s_.yarn_mscale));
      set("rope_scaling.mscale_all_dim", Metadata::Value(s_.yarn_mscale));
    }
    if (s_.experts > 0) write_expert_config();
    if (s_.kv_lora > 0) {
      set("kv_lora_rank", s_.kv_lora);
      set("qk_nope_head_dim", s_.nope);
      set("qk_rope_head_dim", s_.rope);
      set("v_head_dim", s_.v_dim);
      if (s_.q_lora > 0) set("q_lora_rank", s_.q_lora);
    }
  }

  void write_expert_config() {
    set("n_routed_experts", s_.experts);
    set("num_experts_per_tok", s_.active);
    set("n_shared_experts", s_.shared);
    set("moe_intermediate_size", s_.expert_hidden);
    set("first_k_dense_replace", s_.dense);
    set("routed_scaling_factor", Metadata::Value(s_.routed_scale));
    set("norm_topk_prob", Metadata::Value(s_.is_sigmoid));
    set("scoring_func", Metadata::Value(std::string(s_.is_sigmoid ? "sigmoid" : "softmax")));
    set("topk_method", Metadata::Value(std::string(s_.is_sigmoid ? "noaux_tc" : "greedy")));
    set("n_group", s_.groups);
    set("topk_group", s_.active_groups);
  }

  void add(std::string name, std::vector<int64_t> shape) {
    parts_.tensors.push_back({.name = std::move(name),
                              .type_name = "BF16",
                              .dtype = DType::bf16,
                              .shape = std::move(shape),
                              .bytes = {}});
  }
  void matrix(std::string name, int64_t rows, int64_t cols) { add(std::move(name), {rows, cols}); }
  void vector(std::string name, int64_t n) { add(std::move(name), {n}); }

  void add_layer(int index) {
    const std::string layer = fmt::format("model.layers.{}.", index);
    vector(layer + "input_layernorm.weight", s_.dim);
    vector(layer + "post_attention_layernorm.weight", s_.dim);
    if (s_.kv_lora > 0)
      add_latent_attention(layer + "self_attn.");
    else
      for (const char* name : {"q", "k", "v", "o"})
        matrix(fmt::format("{}self_attn.{}_proj.weight", layer, name), s_.dim, s_.dim);
    if (s_.experts == 0 || index < s_.dense) return add_ffn(layer + "mlp.", s_.hidden);

    matrix(layer + "mlp.gate.weight", s_.experts, s_.dim);
    if (s_.is_sigmoid) vector(layer + "mlp.gate.e_score_correction_bias", s_.experts);
    add_ffn(layer + "mlp.shared_experts.", s_.shared * s_.expert_hidden);
    for (int e = 0; e < s_.experts; ++e)
      add_ffn(fmt::format("{}mlp.experts.{}.", layer, e), s_.expert_hidden);
  }

  void add_latent_attention(const std::string& attention) {
    const int queries = s_.heads * (s_.nope + s_.rope);
    if (s_.q_lora > 0) {
      matrix(attention + "q_a_proj.weight", s_.q_lora, s_.dim);
      vector(attention + "q_a_layernorm.weight", s_.q_lora);
      matrix(attention + "q_b_proj.weight", queries, s_.q_lora);
    } else {
      matrix(attention + "q_proj.weight", queries, s_.dim);
    }
    matrix(attention + "kv_a_proj_with_mqa.weight", s_.kv_lora + s_.rope, s_.dim);
    vector(attention + "kv_a_layernorm.weight", s_.kv_lora);
    matrix(attention + "kv_b_proj.weight", s_.heads * (s_.nope + s_.v_dim), s_.kv_lora);
    matrix(attention + "o_proj.weight", s_.dim, s_.heads * s_.v_dim);
  }

  void add_ffn(const std::string& ffn, int hidden) {
    matrix(ffn + "gate_proj.weight", hidden, s_.dim);
    matrix(ffn + "up_proj.weight", hidden, s_.dim);
    matrix(ffn + "down_proj.weight", s_.dim, hidden);
  }

  const Shape& s_;
  CheckpointParts parts_;
};

}  // namespace

std::string synth_shape_names() {
  std::string names;
  for (const Shape& shape : kShapes) {
    names += names.empty() ? "" : ", ";
    names += shape.name;
  }
  return names;
}

Result<std::shared_ptr<const Checkpoint>> make_shape(std::string_view name) {
  const Shape* shape = std::ranges::find(kShapes, name, &Shape::name);
  if (shape == std::end(kShapes)) {
    return fail(ErrorCode::invalid_argument, "there is no shape '{}'; there are {}", name,
                synth_shape_names());
  }
  return ShapeBuilder(*shape).build();
}

}  // namespace fathom::engine
