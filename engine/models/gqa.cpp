#include "engine/models/gqa.h"

#include <algorithm>
#include <cmath>

#include "engine/kv_memory.h"
#include "engine/models/feed_forward.h"
#include "engine/models/limits.h"
#include "engine/models/output_head.h"
#include "engine/models/rope_tables.h"
#include "engine/models/scratch.h"
#include "engine/parallel/communicator.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine {
namespace {

/// n_heads, n_kv_heads: of the model, or as many of them as the rank has.
struct Layer {
  const Weight* attention_norm = nullptr;  // [1, dim]
  const Weight* q = nullptr;               // [n_heads * head_dim, dim]
  const Weight* k = nullptr;               // [n_kv_heads * head_dim, dim]
  const Weight* v = nullptr;               // [n_kv_heads * head_dim, dim]
  const Weight* q_bias = nullptr;          // [1, n_heads * head_dim]?
  const Weight* k_bias = nullptr;          // [1, n_kv_heads * head_dim]?
  const Weight* v_bias = nullptr;          // [1, n_kv_heads * head_dim]?
  const Weight* out = nullptr;             // [dim, n_heads * head_dim]
  bool attention_is_partial = false;       // what it computes is the rank's part of a sum
  const Weight* ffn_norm = nullptr;        // [1, dim]
  FeedForwardWeights ffn;
};

class GqaModel final : public Model {
 public:
  static Result<std::unique_ptr<Model>> load(std::shared_ptr<const Checkpoint> checkpoint,
                                             GqaConfig config, Backend& backend,
                                             const ModelOptions& options);

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return cache_widths_; }
  DType cache_type() const override { return cache_type_; }
  int max_batch() const override { return max_batch_; }
  Tensor hidden() const override { return x_; }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override {
    return read_logits(backend_, logits, i, output_scratch_);
  }

 private:
  GqaModel(Backend& backend, GqaConfig config, const ModelOptions& options)
      : backend_(backend),
        config_(std::move(config)),
        max_batch_(options.max_batch),
        own_(options.layers.below(config_.n_layers)),
        ranks_(options.ranks) {}
  bool has_first() const { return own_.begin == 0; }
  bool has_last() const { return own_.end == config_.n_layers; }
  Status bind(Binder binder);
  Status allocate_scratch();
  void attention(const Layer& layer, Tensor x, const Batch& batch, CacheRows cache);

  Backend& backend_;
  const GqaConfig config_;
  const int max_batch_;
  const LayerRange own_;
  Communicator* const ranks_;  // null: there is one
  ModelSize size_;
  std::vector<int> cache_widths_;
  DType cache_type_ = DType::f32;

  const Weight* embedding_ = nullptr;  // [vocab, dim]
  std::vector<Layer> layers_;
  OutputHead head_;

  // All [max_batch, ...].
  Tensor x_;        // dim: the residual stream
  Tensor h_;        // dim: what a block computes
  Tensor q_, out_;  // n_heads * head_dim
  Tensor k_, v_;    // n_kv_heads * head_dim
  FeedForwardScratch ffn_scratch_;
  OutputScratch output_scratch_;

  std::vector<std::unique_ptr<Weight>> weights_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

Layer bind_layer(Binder::Scope in, const GqaConfig& c, int index) {
  const int64_t q_dim = int64_t{c.n_heads} * c.head_dim;
  const int64_t kv_dim = int64_t{c.n_kv_heads} * c.head_dim;
  constexpr TensorName kOut = {"self_attn.o_proj.weight", "attn_output.weight"};
  const int group_dim = c.n_heads / c.n_kv_heads * c.head_dim;  // of queries that share a key
  const Range groups = in.shard().equal_part_of(c.n_kv_heads, group_dim, in.column_unit(kOut));
  const Range q_part = groups.times(group_dim), kv_part = groups.times(c.head_dim);
  Layer layer = {
      .attention_norm = in.vector({"input_layernorm.weight", "attn_norm.weight"}, c.dim),
      .q = in.matrix({"self_attn.q_proj.weight", "attn_q.weight"}, q_dim, c.dim, {.rows = q_part}),
      .k =
          in.matrix({"self_attn.k_proj.weight", "attn_k.weight"}, kv_dim, c.dim, {.rows = kv_part}),
      .v =
          in.matrix({"self_attn.v_proj.weight", "attn_v.weight"}, kv_dim, c.dim, {.rows = kv_part}),
      .out = in.matrix(kOut, c.dim, q_dim, {.cols = q_part}),
      .attention_is_partial = groups.size() < c.n_kv_heads,
      .ffn_norm = in.vector({"post_attention_layernorm.weight", "ffn_norm.weight"}, c.dim),
      .ffn = bind_feed_forward(in, c.ffn, c.ffn.has_experts(index))};
  if (c.qkv_bias) {
    layer.q_bias = in.vector({"self_attn.q_proj.bias", "attn_q.bias"}, q_dim, q_part);
    layer.k_bias = in.vector({"self_attn.k_proj.bias", "attn_k.bias"}, kv_dim, kv_part);
    layer.v_bias = in.vector({"self_attn.v_proj.bias", "attn_v.bias"}, kv_dim, kv_part);
  }
  return layer;
}

// Llama 3.1's scaling, as llama.cpp's converter stores it: [head_dim / 2] divisors.
Status apply_stored_factors(Binder& binder, Rope& rope) {
  constexpr TensorName kFactors = {"", "rope_freqs.weight"};
  if (!binder.top().has(kFactors)) return {};
  const int64_t shape[] = {static_cast<int64_t>(rope.inverse_frequencies.size())};
  if (const TensorInfo* tensor = binder.top().require(kFactors, shape)) {
    std::vector<float> factors(shape[0]);
    dequantize(*tensor->dtype, tensor->bytes, factors);
    for (size_t i = 0; i < factors.size(); ++i) rope.inverse_frequencies[i] /= factors[i];
  }
  return binder.status();
}

Result<std::unique_ptr<Model>> GqaModel::load(std::shared_ptr<const Checkpoint> checkpoint,
                                              GqaConfig config, Backend& backend,
                                              const ModelOptions& options) {
  Binder binder(std::move(checkpoint), backend, options.watch, shard_of(options.ranks));
  FATHOM_CHECK(apply_stored_factors(binder, config.rope));
  std::unique_ptr<GqaModel> model(new GqaModel(backend, std::move(config), options));
  model->cache_type_ = fitting_cache_type(options.cache_type, {model->config_.head_dim});
  FATHOM_CHECK(model->bind(std::move(binder)));
  FATHOM_CHECK(model->allocate_scratch());
  return model;
}

Status GqaModel::bind(Binder binder) {
  const GqaConfig& c = config_;
  if (has_first() || has_last()) embedding_ = binder.top().matrix(kEmbedding, c.vocab, c.dim);
  if (has_last()) head_ = bind_output_head(binder.top(), embedding_, c.tied, c.norm_eps);
  for (int i = own_.begin; i < own_.end && binder.status(); ++i)
    layers_.push_back(bind_layer(binder.layer(i), c, i));
  FATHOM_CHECK(binder.status());

  const Binder::TokenBytes bytes =
      binder.token_bytes({.lookup_only = head_.output == embedding_ ? nullptr : embedding_,
                          .n_experts = std::max(1, c.ffn.router.n_experts),
                          .n_active = std::max(1, c.ffn.router.n_active)});
  size_ = {.n_layers = c.n_layers,
           .dim = c.dim,
           .vocab_size = c.vocab,
           .context_length = c.context_length,
           .n_parameters = binder.n_parameters(),
           .bytes_per_token = bytes.all,
           .expert_bytes_per_token = bytes.experts};
  for (const Layer& layer : layers_) cache_widths_.push_back(2 * layer.k->rows());
  weights_ = binder.take_weights();
  return {};
}

Status GqaModel::allocate_scratch() {
  const GqaConfig& c = config_;
  ScratchAllocator memory(backend_);
  x_ = memory.tensor(max_batch_, c.dim);
  h_ = memory.tensor(max_batch_, c.dim);
  q_ = memory.tensor(max_batch_, c.n_heads * c.head_dim);
  out_ = memory.tensor(max_batch_, c.n_heads * c.head_dim);
  k_ = memory.tensor(max_batch_, c.n_kv_heads * c.head_dim);
  v_ = memory.tensor(max_batch_, c.n_kv_heads * c.head_dim);
  ffn_scratch_ = FeedForwardScratch::allocate(memory, max_batch_, c.ffn);
  output_scratch_ = OutputScratch::allocate(memory, max_batch_, c.dim, c.vocab);
  FATHOM_CHECK(memory.status());
  buffers_ = memory.take_buffers();
  return {};
}

void GqaModel::attention(const Layer& layer, Tensor x, const Batch& batch, CacheRows cache) {
  const Tensor q = q_.first_rows(x.rows).columns(0, layer.q->rows());
  const Tensor out = out_.first_rows(x.rows).columns(0, layer.q->rows());
  const Tensor k = k_.first_rows(x.rows).columns(0, layer.k->rows());
  const Tensor v = v_.first_rows(x.rows).columns(0, layer.k->rows());
  const int n_heads = q.cols / config_.head_dim, n_kv_heads = k.cols / config_.head_dim;
  backend_.matmul_each(
      std::array{Product{q, layer.q, layer.q_bias}, Product{k, layer.k, layer.k_bias},
                 Product{v, layer.v, layer.v_bias}},
      x);
  backend_.write_keys(cache, batch.slots, q.heads(n_heads),
                      {.normed = {}, .rotated = k.heads(n_kv_heads), .plain = v}, batch.positions,
                      config_.rope);
  backend_.attention(out.heads(n_heads), q.heads(n_heads), cache, batch.sequences, n_kv_heads,
                     1.0f / std::sqrt(static_cast<float>(config_.head_dim)));
  backend_.matmul(x, out, *layer.out);
}

Status GqaModel::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                         const Interrupt& interrupt) {
  const Tensor x = x_.first_rows(static_cast<int>(batch.tokens.size()));
  const Tensor h = h_.first_rows(x.rows);
  if (has_first()) {
    backend_.embed(x, batch.tokens, *embedding_);
    LayerProbe{batch.probe}.see("embed", x);
  }
  backend_.rms_norm(h, x, *layers_.front().attention_norm, config_.norm_eps);
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (interrupt.requested()) return fail(ErrorCode::cancelled, "interrupted");
    const Layer& layer = layers_[i];
    const LayerProbe probe = {batch.probe, own_.begin + static_cast<int>(i)};
    attention(layer, h, batch, cache.layers[i]);
    if (layer.attention_is_partial) ranks_->all_reduce_sum(h);
    probe.see("attn_out", h);

    backend_.add_rms_norm(h, x, h, *layer.ffn_norm, config_.norm_eps);
    feed_forward(backend_, h, layer.ffn, config_.ffn.router, ffn_scratch_, probe);
    if (layer.ffn.is_partial) ranks_->all_reduce_sum(h);
    probe.see("mlp_out", h);
    if (i + 1 < layers_.size())
      backend_.add_rms_norm(h, x, h, *layers_[i + 1].attention_norm, config_.norm_eps);
    else
      backend_.add(x, x, h);
    probe.see("out", x);
  }
  if (!has_last()) return {};
  return compute_logits(backend_, logits, x, batch, head_, output_scratch_);
}

}  // namespace

GqaConfig read_gqa_config(Fields& f, RopeLayout layout) {
  GqaConfig c;
  c.n_layers = f.count({"num_hidden_layers", "block_count"}, kMaxLayers);
  c.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
  c.n_heads = f.count({"num_attention_heads", "attention.head_count"}, kMaxHeads);
  c.n_kv_heads =
      f.count_or({"num_key_value_heads", "attention.head_count_kv"}, kMaxHeads, c.n_heads);
  c.head_dim = f.count_or({"head_dim", "attention.key_length"}, kMaxHeadDim, c.dim / c.n_heads);
  c.ffn = {.dim = c.dim,
           .dense_hidden = f.count({"intermediate_size", "feed_forward_length"}, kMaxDim)};
  c.vocab = f.vocab_size();
  c.context_length = f.count({"max_position_embeddings", "context_length"}, kMaxContext);
  c.norm_eps = static_cast<float>(f.positive({"rms_norm_eps", "attention.layer_norm_rms_epsilon"}));
  c.tied = f.flag_or({"tie_word_embeddings", ""}, false);

  if (c.head_dim < 2 || c.head_dim % 2 != 0 || c.n_heads % c.n_kv_heads != 0)
    f.refuse(fmt::format("{} heads of {} numbers over {} key-value heads are not supported",
                         c.n_heads, c.head_dim, c.n_kv_heads));
  if (f.count_or({"", "rope.dimension_count"}, kMaxHeadDim, c.head_dim) != c.head_dim ||
      f.count_or({"", "attention.value_length"}, kMaxHeadDim, c.head_dim) != c.head_dim)
    f.refuse("heads that are rotated in part, or values of another width, are not supported");
  if (f.string_or({"hidden_act", ""}, "silu") != "silu")
    f.refuse("hidden_act other than silu is not supported");

  c.rope = make_rope(layout, c.head_dim, read_rope_base(f), read_rope_scaling(f));
  return c;
}

Result<std::unique_ptr<Model>> load_gqa(std::shared_ptr<const Checkpoint> checkpoint,
                                        GqaConfig config, Backend& backend,
                                        const ModelOptions& options) {
  return GqaModel::load(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine
