#include "engine/plan/model_parts.h"

#include <algorithm>
#include <utility>

#include "engine/convert/layout.h"
#include "engine/convert/quant_mix.h"
#include "engine/convert/shapes.h"
#include "engine/kv_memory.h"
#include "engine/models/fields.h"
#include "engine/models/limits.h"

namespace fathom::engine {
namespace {

constexpr std::string_view kFp8 = "fp8";
constexpr std::string_view kScaleSuffix = "_scale_inv";
// Old checkpoints keep the rotary frequencies, which nobody loads.
constexpr std::string_view kFrequencies = ".rotary_emb.inv_freq";

/// A tensor under its name in GGUF. Factors of FP8 blocks have bytes and nothing else.
struct NamedTensor {
  std::string name;
  int64_t n_parameters = 0;
  int64_t rows = 0;  // of all its matrices; 0: it is none
  int64_t cols = 0;
  int64_t n_bytes = 0;
};

NamedTensor named_tensor(std::string name, const std::vector<int64_t>& shape, int64_t n_bytes) {
  NamedTensor tensor = {.name = std::move(name), .n_parameters = 1, .n_bytes = n_bytes};
  // Cannot overflow: every dimension was checked against the bytes of the file.
  for (const int64_t n : shape) tensor.n_parameters *= n;
  tensor.cols = shape.empty() ? 1 : shape.back();
  if (shape.size() > 1 && tensor.cols > 0) tensor.rows = tensor.n_parameters / tensor.cols;
  return tensor;
}

Result<std::vector<NamedTensor>> stored_tensors(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format() == Checkpoint::Format::gguf;
  std::vector<NamedTensor> tensors;
  for (const TensorInfo& t : checkpoint.tensors()) {
    std::string_view name = t.name;
    if (name.ends_with(kFrequencies)) continue;
    const bool is_scale = !gguf && name.ends_with(kScaleSuffix);
    if (is_scale) name.remove_suffix(kScaleSuffix.size());
    const auto known = gguf ? GgufName{t.name} : gguf_name_of(name).value_or(GgufName{t.name});
    if (!rule_of(known.name)) {
      return fail(ErrorCode::unsupported,
                  "{}: tensor '{}': what it costs is not known; models like it cannot be planned",
                  checkpoint.source(), t.name);
    }
    if (is_repeated_in_draft_layer(known.name)) continue;
    NamedTensor tensor = named_tensor(known.name, t.shape, static_cast<int64_t>(t.bytes.size()));
    if (is_scale) tensor.n_parameters = tensor.rows = 0;
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

int64_t fp8_bytes(const std::string& name, const std::vector<int64_t>& shape) {
  constexpr int64_t kBlock = 128, kScaleBytes = 4, kBf16Bytes = 2;
  const NamedTensor t = named_tensor(name, shape, 0);
  const Part part = rule_of(name)->part;
  const bool is_plain = shape.size() < 2 || part == Part::embedding || part == Part::head ||
                        kind_of_tensor(name) == "ffn_gate_inp";
  if (is_plain) return t.n_parameters * kBf16Bytes;
  const auto n_blocks = [](int64_t n) { return (n + kBlock - 1) / kBlock; };
  const int64_t rows = shape[shape.size() - 2], n_matrices = t.rows / rows;
  return t.n_parameters + n_matrices * n_blocks(rows) * n_blocks(t.cols) * kScaleBytes;
}

/// `mix` null: FP8.
int64_t bytes_of_shape(const NamedSource& source, const QuantMix* mix, const ModelShape& model) {
  if (!mix) return fp8_bytes(source.name, source.shape);
  const DType type = choose_dtype(*mix, model, source.name, source.shape);
  const int64_t cols = source.shape.back();
  const int64_t n = named_tensor(source.name, source.shape, 0).n_parameters;
  return n / cols * row_bytes(type, cols).value();
}

/// Rows of a layer's matrices that say what attention costs.
struct AttentionRows {
  int64_t queries = 0, latent_keys = 0, latent = 0, index_queries = 0;
};

class PartsBuilder final {
 public:
  explicit PartsBuilder(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  Result<ModelParts> build(const std::vector<NamedTensor>& tensors) {
    FATHOM_CHECK(read_sizes());
    FATHOM_CHECK(find_layers(tensors));
    for (const NamedTensor& tensor : tensors) FATHOM_CHECK(add(tensor));
    for (size_t i = 0; i < model_.layers.size(); ++i) FATHOM_CHECK(finish(model_.layers[i], i));
    choose_cache_type();
    return std::move(model_);
  }

 private:
  Status read_sizes() {
    Fields f(checkpoint_);
    model_.name = checkpoint_.source();
    model_.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
    model_.vocab_size = f.vocab_size();
    model_.context_length = f.count({"max_position_embeddings", "context_length"}, kMaxContext);
    model_.n_heads = f.count({"num_attention_heads", "attention.head_count"}, kMaxHeads);
    model_.n_kv_heads =
        f.count_or({"num_key_value_heads", "attention.head_count_kv"}, kMaxHeads, model_.n_heads);
    model_.n_experts = f.zero_or_count({"n_routed_experts", "expert_count"}, kMaxExperts, 0);
    if (model_.n_experts > 0)
      model_.n_active = f.count({"num_experts_per_tok", "expert_used_count"}, model_.n_experts);
    return f.status();
  }

  Status find_layers(const std::vector<NamedTensor>& tensors) {
    int n_layers = 0, first_draft = kMaxLayers;
    model_.tied = true;
    for (const NamedTensor& t : tensors) {
      const int layer = layer_of_name(t.name);
      if (layer >= kMaxLayers) return corrupt("has too many layers");
      n_layers = std::max(n_layers, layer + 1);
      if (is_of_draft_layer(t.name)) first_draft = std::min(first_draft, layer);
      if (kind_of_tensor(t.name) == "output") model_.tied = false;
    }
    model_.n_layers = std::min(n_layers, first_draft);
    if (model_.n_layers < 1) return corrupt("has no layers");
    model_.layers.resize(static_cast<size_t>(n_layers));
    attention_.resize(model_.layers.size());
    for (int i = model_.n_layers; i < n_layers; ++i) model_.layers[i].is_draft = true;
    return {};
  }

  Status add(const NamedTensor& t) {
    TensorRule rule = *rule_of(t.name);
    int index = layer_of_name(t.name);
    if (index < 0) index = rule.part == Part::head ? model_.n_layers - 1 : 0;
    if (rule.part == Part::routed && model_.n_experts == 0) return corrupt("has uncounted experts");
    LayerParts& layer = model_.layers[index];
    add_outputs(t, rule, layer);
    add_attention(t, layer, attention_[index]);
    if (layer.is_draft) rule.part = Part::draft;

    const auto same = [&](const Piece& p) {
      return p.rule.part == rule.part && p.rule.split == rule.split;
    };
    const auto found = std::find_if(layer.pieces.begin(), layer.pieces.end(), same);
    Piece& piece =
        found == layer.pieces.end() ? layer.pieces.emplace_back(Piece{.rule = rule}) : *found;
    piece.n_parameters += t.n_parameters;
    piece.n_bytes += t.n_bytes;
    return {};
  }

  void add_outputs(const NamedTensor& t, TensorRule rule, LayerParts& layer) const {
    if (rule.part == Part::embedding || rule.part == Part::head) return;  // see scratch_bytes()
    layer.n_outputs +=
        rule.part == Part::routed ? t.rows / model_.n_experts * model_.n_active : t.rows;
  }

  static void add_attention(const NamedTensor& t, LayerParts& layer, AttentionRows& attention) {
    const std::string_view kind = kind_of_tensor(t.name);
    if (kind == "attn_q") attention.queries += t.rows;
    if (kind == "attn_kv_a_norm") attention.latent += t.n_parameters;
    if (kind == "attn_kv_a_mqa") attention.latent_keys += t.rows;
    if (kind == "indexer.attn_q_b") attention.index_queries += t.rows;
    if (kind == "attn_k" || kind == "attn_v") layer.cache_split = Split::kv_heads;
    if (kind == "attn_k" || kind == "attn_v" || kind == "attn_kv_a_mqa" || kind == "indexer.attn_k")
      layer.cache_width += t.rows;
  }

  /// Latent attention in the form that stays in the latent space, as fathom computes it: each head
  /// multiplies whole latents, for the scores and for the result.
  Status finish(LayerParts& layer, size_t index) {
    const AttentionRows& a = attention_[index];
    if (layer.cache_width < 1 || layer.cache_width > kMaxDim || a.latent > kMaxDim ||
        a.queries > int64_t{kMaxHeads} * kMaxHeadDim || a.index_queries > kMaxDim)
      return corrupt(fmt::format("layer {} has no attention, or an impossible one", index));
    layer.pair_products =
        a.index_queries +
        (a.latent_keys > 0 ? model_.n_heads * (a.latent_keys + a.latent) : 2 * a.queries);
    return {};
  }

  void choose_cache_type() {
    const bool looks_up = std::any_of(attention_.begin(), attention_.end(), [](const auto& a) {
      return a.index_queries > 0;  // whose keys are read as f32
    });
    if (!looks_up)
      model_.cache_type = default_cache_type(static_cast<uint64_t>(weight_bytes(model_)));
  }

  tl::unexpected<Error> corrupt(std::string_view what) const {
    return fail(ErrorCode::corrupt, "{}: {}", checkpoint_.source(), what);
  }

  const Checkpoint& checkpoint_;
  ModelParts model_;
  std::vector<AttentionRows> attention_;  // by layer
};

Piece sum_of(const ModelParts& model, auto weight) {
  Piece sum;
  for (const LayerParts& layer : model.layers) {
    for (const Piece& piece : layer.pieces) {
      sum.n_parameters += weight(piece, piece.n_parameters);
      sum.n_bytes += weight(piece, piece.n_bytes);
    }
  }
  return sum;
}

int64_t all_of(const Piece&, int64_t n) { return n; }

}  // namespace

Result<ModelParts> read_model_parts(const Checkpoint& checkpoint) {
  if (checkpoint.tensors().empty())
    return fail(ErrorCode::not_found, "{}: has no weights", checkpoint.source());
  FATHOM_TRY(tensors, stored_tensors(checkpoint));
  return PartsBuilder(checkpoint).build(tensors);
}

Result<ModelParts> make_model_parts(std::string_view shape, std::string_view quant) {
  const QuantMix* mix = find_quant_mix(quant);
  if (!mix && quant != kFp8) {
    return fail(ErrorCode::invalid_argument, "there is no quantisation '{}'; there are {}", quant,
                plan_quant_names());
  }
  FATHOM_TRY(checkpoint, make_shape(shape));
  FATHOM_TRY(layout, find_layout(*checkpoint));
  FATHOM_TRY(sources, lay_out(*checkpoint, *layout));
  ModelShape model;
  for (const NamedSource& s : sources)
    model.n_layers = std::max(model.n_layers, layer_of_name(s.name) + 1);
  std::vector<NamedTensor> tensors;
  for (const NamedSource& s : sources)
    tensors.push_back(named_tensor(s.name, s.shape, bytes_of_shape(s, mix, model)));
  auto parts = PartsBuilder(*checkpoint).build(tensors);
  if (parts) parts->name = fmt::format("{} in {}", shape, quant);
  return parts;
}

std::string plan_quant_names() { return fmt::format("{}, {}", kFp8, quant_mix_names()); }

int64_t weight_bytes(const ModelParts& model) { return sum_of(model, all_of).n_bytes; }

int64_t n_parameters(const ModelParts& model) { return sum_of(model, all_of).n_parameters; }

Piece passed_by_token(const ModelParts& model) {
  return sum_of(model, [&](const Piece& piece, int64_t n) -> int64_t {
    switch (piece.rule.part) {
      case Part::draft:
        return 0;
      case Part::embedding:
        return model.tied ? n : 0;
      case Part::routed:
        return n / model.n_experts * model.n_active;
      default:
        return n;
    }
  });
}

int64_t layer_cache_bytes(const LayerParts& layer, DType type) {
  const auto bytes = row_bytes(type, layer.cache_width);
  return bytes ? *bytes : row_bytes(DType::bf16, layer.cache_width).value();
}

int64_t cache_bytes_per_token(const ModelParts& model, DType type) {
  int64_t n_bytes = 0;
  for (const LayerParts& layer : model.layers) n_bytes += layer_cache_bytes(layer, type);
  return n_bytes;
}

}  // namespace fathom::engine
