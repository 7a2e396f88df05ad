#include "engine/convert/layout.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "engine/models/fields.h"
#include "engine/models/limits.h"
#include "engine/models/rope_tables.h"

namespace fathom::engine {
namespace {

constexpr Layout kLayouts[] = {
    {"LlamaForCausalLM", "llama", /*interleaves_heads=*/true, /*is_latent=*/false},
    {"Qwen2ForCausalLM", "qwen2", false, false},
    {"DeepseekForCausalLM", "deepseek", true, false},
    {"DeepseekV2ForCausalLM", "deepseek2", false, true},
    {"DeepseekV3ForCausalLM", "deepseek2", false, true},
    {"DeepseekV32ForCausalLM", "deepseek32", false, true},
};

struct Name {
  std::string_view hugging_face;
  std::string_view gguf;
};

constexpr Name kTopNames[] = {
    {"model.embed_tokens.weight", "token_embd.weight"},
    {"model.norm.weight", "output_norm.weight"},
    {"lm_head.weight", "output.weight"},
};

// Behind "model.layers.N." and "blk.N.".
constexpr Name kLayerNames[] = {
    {"input_layernorm.weight", "attn_norm.weight"},
    {"post_attention_layernorm.weight", "ffn_norm.weight"},
    {"self_attn.q_proj.weight", "attn_q.weight"},
    {"self_attn.q_proj.bias", "attn_q.bias"},
    {"self_attn.k_proj.weight", "attn_k.weight"},
    {"self_attn.k_proj.bias", "attn_k.bias"},
    {"self_attn.v_proj.weight", "attn_v.weight"},
    {"self_attn.v_proj.bias", "attn_v.bias"},
    {"self_attn.o_proj.weight", "attn_output.weight"},
    {"self_attn.q_a_proj.weight", "attn_q_a.weight"},
    {"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
    {"self_attn.q_b_proj.weight", "attn_q_b.weight"},
    {"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
    {"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
    {"self_attn.kv_b_proj.weight", "attn_kv_b.weight"},
    {"self_attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"},
    {"self_attn.indexer.wk.weight", "indexer.attn_k.weight"},
    {"self_attn.indexer.k_norm.weight", "indexer.k_norm.weight"},
    {"self_attn.indexer.k_norm.bias", "indexer.k_norm.bias"},
    {"self_attn.indexer.weights_proj.weight", "indexer.proj.weight"},
    {"mlp.gate_proj.weight", "ffn_gate.weight"},
    {"mlp.up_proj.weight", "ffn_up.weight"},
    {"mlp.down_proj.weight", "ffn_down.weight"},
    {"mlp.gate.weight", "ffn_gate_inp.weight"},
    {"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
    {"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
    {"eh_proj.weight", "nextn.eh_proj.weight"},
    {"embed_tokens.weight", "nextn.embed_tokens.weight"},
    {"enorm.weight", "nextn.enorm.weight"},
    {"hnorm.weight", "nextn.hnorm.weight"},
    {"shared_head.head.weight", "nextn.shared_head_head.weight"},
    {"shared_head.norm.weight", "nextn.shared_head_norm.weight"},
};

// Behind "mlp.experts.E." and "blk.N.".
constexpr Name kExpertNames[] = {
    {"gate_proj.weight", "ffn_gate_exps.weight"},
    {"up_proj.weight", "ffn_up_exps.weight"},
    {"down_proj.weight", "ffn_down_exps.weight"},
};

constexpr std::string_view kLayerPrefix = "model.layers.";
constexpr std::string_view kExpertPrefix = "mlp.experts.";
constexpr std::string_view kKvB = "attn_kv_b.weight";
constexpr std::string_view kScaleSuffix = "_scale_inv";
// Old checkpoints keep the rotary frequencies, which follow from the configuration.
constexpr std::string_view kFrequencies = "self_attn.rotary_emb.inv_freq";

template <size_t n>
std::optional<std::string_view> look_up(const Name (&names)[n], std::string_view hugging_face) {
  const Name* found = std::ranges::find(names, hugging_face, &Name::hugging_face);
  return found == std::end(names) ? std::nullopt : std::optional(found->gguf);
}

/// Takes "NUMBER." off the front of `rest`.
std::optional<int> take_number(std::string_view& rest) {
  int number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const auto n = static_cast<size_t>(end - rest.data());
  if (error != std::errc() || number < 0 || n >= rest.size() || rest[n] != '.') return std::nullopt;
  rest.remove_prefix(n + 1);
  return number;
}

bool take_prefix(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

class LayOut final {
 public:
  LayOut(const Checkpoint& checkpoint, const Layout& layout)
      : checkpoint_(checkpoint), layout_(layout), fields_(checkpoint) {}

  Result<std::vector<NamedSource>> run() {
    FATHOM_CHECK(read_config());
    for (const TensorInfo& tensor : checkpoint_.tensors()) FATHOM_CHECK(add(tensor));
    FATHOM_CHECK(add_experts());
    FATHOM_CHECK(add_rope_factors());
    std::ranges::stable_sort(out_, {}, [](const NamedSource& s) { return order(s.name); });
    return std::move(out_);
  }

 private:
  Status read_config() {
    n_heads_ = fields_.count({"num_attention_heads", ""}, kMaxHeads);
    n_kv_heads_ = fields_.count_or({"num_key_value_heads", ""}, kMaxHeads, n_heads_);
    tied_ = fields_.flag_or({"tie_word_embeddings", ""}, false);
    if (layout_.is_latent) {
      nope_ = fields_.count({"qk_nope_head_dim", ""}, kMaxHeadDim);
      value_dim_ = fields_.count({"v_head_dim", ""}, kMaxHeadDim);
      if (!fields_.flag_or({"rope_interleave", ""}, true))
        fields_.refuse("rope_interleave = false cannot be expressed in GGUF");
    }
    const auto block = checkpoint_.metadata().integers("quantization_config.weight_block_size");
    if (block.size() == 2 &&
        std::ranges::all_of(block, [](int64_t n) { return n > 0 && n <= kMaxDim; })) {
      block_rows_ = static_cast<int>(block[0]);
      block_cols_ = static_cast<int>(block[1]);
    }
    return fields_.status();
  }

  Status add(const TensorInfo& tensor) {
    if (tensor.name.ends_with(kScaleSuffix)) return {};  // read with the matrix it belongs to
    if (tensor.name.ends_with(kFrequencies)) return {};
    std::optional<GgufName> found = gguf_name_of(tensor.name);
    if (!found) return unknown(tensor);
    std::string& name = found->name;
    if ((name == "output.weight" && tied_) || is_copy(tensor, name)) return {};
    if (name.ends_with(kKvB)) return layout_.is_latent ? add_kv_b(name, tensor) : unknown(tensor);
    if (found->expert < 0) return add_plain(std::move(name), tensor);
    std::vector<const TensorInfo*>& experts = experts_[name];
    const auto expert = static_cast<size_t>(found->expert);
    if (experts.size() <= expert) experts.resize(expert + 1);
    experts[expert] = &tensor;
    return {};
  }

  /// The draft layer repeats the main model's embeddings and output: readers take those.
  bool is_copy(const TensorInfo& tensor, std::string_view name) const {
    const char* main = name.ends_with(".nextn.embed_tokens.weight") ? "model.embed_tokens.weight"
                       : name.ends_with(".nextn.shared_head_head.weight") ? "lm_head.weight"
                                                                          : nullptr;
    const TensorInfo* original = main ? checkpoint_.find(main) : nullptr;
    return original && std::ranges::equal(original->bytes, tensor.bytes);
  }

  Result<TensorSource> read(const TensorInfo& tensor) const {
    const TensorInfo* scales = checkpoint_.find(tensor.name + std::string(kScaleSuffix));
    return read_stored({&tensor, scales, block_rows_, block_cols_});
  }

  Status add_plain(std::string name, const TensorInfo& tensor) {
    FATHOM_TRY(source, read(tensor));
    const bool is_query = name.find(".attn_q.") != std::string::npos;
    const bool is_key = name.find(".attn_k.") != std::string::npos;
    if (layout_.interleaves_heads && (is_query || is_key)) {
      auto interleaved = interleave_heads(std::move(source), is_query ? n_heads_ : n_kv_heads_);
      if (!interleaved)
        return fail(interleaved.error().code, "{}: tensor '{}': {}", checkpoint_.source(),
                    tensor.name, interleaved.error().message);
      source = std::move(*interleaved);
    }
    out_.push_back({std::move(name), tensor.shape, std::move(source)});
    return {};
  }

  /// [heads * (nope + v), latent]: keys go in transposed, so that both halves multiply latents.
  Status add_kv_b(std::string_view name, const TensorInfo& tensor) {
    const std::string block(name.substr(0, name.size() - kKvB.size()));
    FATHOM_TRY(source, read(tensor));
    const int64_t latent = source.cols, head_rows = nope_ + value_dim_;
    if (source.rows != n_heads_ * head_rows) {
      return fail(ErrorCode::corrupt, "{}: tensor '{}': has {} rows; expected {}",
                  checkpoint_.source(), tensor.name, source.rows, n_heads_ * head_rows);
    }
    out_.push_back({block + "attn_k_b.weight",
                    {n_heads_, latent, nope_},
                    pick_transposed(source, {n_heads_, head_rows, 0, nope_})});
    out_.push_back({block + "attn_v_b.weight",
                    {n_heads_, value_dim_, latent},
                    pick_rows(std::move(source), {n_heads_, head_rows, nope_, value_dim_})});
    return {};
  }

  Status add_experts() {
    for (const auto& [name, experts] : experts_) {
      std::vector<TensorSource> sources;
      for (size_t i = 0; i < experts.size(); ++i) {
        if (!experts[i])
          return fail(ErrorCode::corrupt, "{}: expert {} of '{}' is missing", checkpoint_.source(),
                      i, name);
        FATHOM_TRY(source, read(*experts[i]));
        if (source.rows != (sources.empty() ? source : sources[0]).rows ||
            source.cols != (sources.empty() ? source : sources[0]).cols)
          return fail(ErrorCode::corrupt, "{}: tensor '{}': has another shape than expert 0",
                      checkpoint_.source(), experts[i]->name);
        sources.push_back(std::move(source));
      }
      const std::vector<int64_t> shape = {static_cast<int64_t>(sources.size()), sources[0].rows,
                                          sources[0].cols};
      out_.push_back({name, shape, stack(std::move(sources))});
    }
    return {};
  }

  /// Llama 3.1's scaling has no keys in GGUF: its divisors are a tensor.
  Status add_rope_factors() {
    const RopeScaling scaling = read_rope_scaling(fields_);
    const double base = read_rope_base(fields_);
    FATHOM_CHECK(fields_.status());
    if (!std::holds_alternative<Llama3Scaling>(scaling)) return {};
    const int dim = fields_.count({"hidden_size", ""}, kMaxDim);
    const int head_dim = fields_.count_or({"head_dim", ""}, kMaxHeadDim, dim / n_heads_);
    FATHOM_CHECK(fields_.status());
    const std::vector<float> plain = inverse_frequencies(head_dim, base, std::monostate{});
    std::vector<float> factors = inverse_frequencies(head_dim, base, scaling);
    for (size_t i = 0; i < factors.size(); ++i) factors[i] = plain[i] / factors[i];
    out_.push_back({"rope_freqs.weight", {head_dim / 2}, constants(std::move(factors))});
    return {};
  }

  tl::unexpected<Error> unknown(const TensorInfo& tensor) const {
    return fail(ErrorCode::unsupported, "{}: tensor '{}': GGUF has no name for it in a {} model",
                checkpoint_.source(), tensor.name, layout_.gguf);
  }

  static int order(std::string_view name) {
    if (name == "output_norm.weight") return kMaxLayers;
    if (name == "output.weight") return kMaxLayers + 1;
    return layer_of_name(name);
  }

  const Checkpoint& checkpoint_;
  const Layout& layout_;
  Fields fields_;
  int64_t n_heads_ = 0, n_kv_heads_ = 0, nope_ = 0, value_dim_ = 0;
  int block_rows_ = 128, block_cols_ = 128;
  bool tied_ = false;
  std::map<std::string, std::vector<const TensorInfo*>> experts_;  // by GGUF name
  std::vector<NamedSource> out_;
};

}  // namespace

std::optional<GgufName> gguf_name_of(std::string_view hugging_face) {
  std::string_view rest = hugging_face;
  if (const auto top = look_up(kTopNames, rest)) return GgufName{std::string(*top)};
  const auto layer = take_prefix(rest, kLayerPrefix) ? take_number(rest) : std::nullopt;
  if (!layer || *layer >= kMaxLayers) return std::nullopt;
  const std::string block = fmt::format("blk.{}.", *layer);
  if (const auto name = look_up(kLayerNames, rest)) return GgufName{block + std::string(*name)};
  const auto expert = take_prefix(rest, kExpertPrefix) ? take_number(rest) : std::nullopt;
  const auto name = look_up(kExpertNames, rest);
  if (!expert || *expert >= kMaxExperts || !name) return std::nullopt;
  return GgufName{block + std::string(*name), *expert};
}

int layer_of_name(std::string_view gguf_name) {
  std::string_view rest = gguf_name;
  return take_prefix(rest, "blk.") ? take_number(rest).value_or(-1) : -1;
}

Result<const Layout*> find_layout(const Checkpoint& checkpoint) {
  std::string known;
  for (const Layout& layout : kLayouts) {
    if (layout.hugging_face == checkpoint.architecture()) return &layout;
    known += known.empty() ? "" : ", ";
    known += layout.hugging_face;
  }
  return fail(ErrorCode::unsupported,
              "{}: models of architecture \"{}\" cannot be converted; {} can", checkpoint.source(),
              checkpoint.architecture(), known);
}

int count_draft_layers(const Checkpoint& checkpoint) {
  const int64_t n_layers = checkpoint.metadata().integer("num_hidden_layers").value_or(0);
  int n = 0;
  while (n < kMaxLayers &&
         checkpoint.find(fmt::format("model.layers.{}.eh_proj.weight", n_layers + n)))
    ++n;
  return n;
}

Result<std::vector<NamedSource>> lay_out(const Checkpoint& checkpoint, const Layout& layout) {
  return LayOut(checkpoint, layout).run();
}

}  // namespace fathom::engine
