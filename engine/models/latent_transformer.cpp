#include "engine/models/latent_transformer.h"

#include <algorithm>
#include <optional>

#include "engine/kv_memory.h"
#include "engine/models/feed_forward.h"
#include "engine/models/limits.h"
#include "engine/models/mla.h"
#include "engine/models/output_head.h"
#include "engine/models/scratch.h"
#include "engine/parallel/communicator.h"

namespace fathom::engine {
namespace {

constexpr TensorName kDraftProjection = {"eh_proj.weight", "nextn.eh_proj.weight"};

// GGUF counts draft layers among its blocks if the converter kept them.
int count_layers(Fields& f) {
  const int n_blocks = f.count({"num_hidden_layers", "block_count"}, kMaxLayers);
  const int n_drafts =
      f.zero_or_count({"num_nextn_predict_layers", "nextn_predict_layers"}, kMaxLayers, 0);
  if (n_drafts > 1)
    f.note(fmt::format("the model has {} draft layers; the first of them drafts", n_drafts));
  if (!f.is_gguf() || n_drafts >= n_blocks) return n_blocks;
  const bool kept = f.checkpoint().find(fmt::format("blk.{}.{}", n_blocks - n_drafts,
                                                    kDraftProjection.gguf)) != nullptr;
  return kept ? n_blocks - n_drafts : n_blocks;
}

/// A layer: attention, then a dense network or experts.
struct Block {
  const Weight* attention_norm = nullptr;  // [1, dim]
  MlaWeights attention;
  const Weight* ffn_norm = nullptr;  // [1, dim]
  FeedForwardWeights ffn;
};

/// Multi-token prediction: embeds the next token beside the main model's last hidden state.
struct DraftLayer {
  const Weight* embedding = nullptr;       // [vocab, dim]
  const Weight* embedding_norm = nullptr;  // [1, dim]
  const Weight* hidden_norm = nullptr;     // [1, dim]
  const Weight* project = nullptr;         // [dim, 2 * dim]
  Block block;
  OutputHead head;
};

Block bind_block(Binder::Scope in, const LatentTransformerConfig& c, bool has_experts) {
  return {.attention_norm = in.vector({"input_layernorm.weight", "attn_norm.weight"}, c.dim()),
          .attention = bind_mla(in, c.attention),
          .ffn_norm = in.vector({"post_attention_layernorm.weight", "ffn_norm.weight"}, c.dim()),
          .ffn = bind_feed_forward(in, c.ffn, has_experts)};
}

// Files repeat the main model's table and output matrix in the draft layer: one copy is enough.
const Weight* bind_shared(Binder::Scope in, TensorName name, Binder::Scope top, TensorName main,
                          const Weight* shared) {
  const TensorInfo* own = in.find(name);
  const TensorInfo* other = top.find(main);
  if (!shared || !own || (other && std::ranges::equal(own->bytes, other->bytes))) return shared;
  return in.matrix(name, shared->rows(), shared->cols());
}

DraftLayer bind_draft(Binder::Scope in, Binder::Scope top, const LatentTransformerConfig& c,
                      const Weight* embedding, const OutputHead& head) {
  const int64_t dim = c.dim();
  return {
      .embedding = bind_shared(in, {"embed_tokens.weight", "nextn.embed_tokens.weight"}, top,
                               kEmbedding, embedding),
      .embedding_norm = in.vector({"enorm.weight", "nextn.enorm.weight"}, dim),
      .hidden_norm = in.vector({"hnorm.weight", "nextn.hnorm.weight"}, dim),
      .project = in.matrix(kDraftProjection, dim, 2 * dim),
      .block = bind_block(in, c, /*has_experts=*/true),
      .head = {
          .norm = in.vector({"shared_head.norm.weight", "nextn.shared_head_norm.weight"}, dim),
          .output = bind_shared(in, {"shared_head.head.weight", "nextn.shared_head_head.weight"},
                                top, kOutput, head.output),
          .norm_eps = head.norm_eps}};
}

class LatentTransformer final : public Model {
 public:
  static Result<std::unique_ptr<Model>> load(std::shared_ptr<const Checkpoint> checkpoint,
                                             LatentTransformerConfig config, Backend& backend,
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
  bool can_draft() const override { return draft_.has_value(); }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

 private:
  LatentTransformer(Backend& backend, LatentTransformerConfig config, const ModelOptions& options)
      : backend_(backend),
        config_(std::move(config)),
        max_batch_(options.max_batch),
        own_(options.layers.below(config_.n_layers)),
        ranks_(options.ranks) {}
  bool has_first() const { return own_.begin == 0; }
  bool has_last() const { return own_.end == config_.n_layers; }
  Status bind(Binder binder);
  Status allocate_scratch();
  void run(const Block& block, int layer, Tensor h, Tensor x, const Batch& batch,
           const KvStore& cache);

  Backend& backend_;
  const LatentTransformerConfig config_;
  const int max_batch_;
  const LayerRange own_;
  Communicator* const ranks_;  // null: there is one
  ModelSize size_;
  std::vector<int> cache_widths_;
  DType cache_type_ = DType::f32;

  const Weight* embedding_ = nullptr;  // [vocab, dim]
  std::vector<Block> blocks_;
  OutputHead head_;
  std::optional<DraftLayer> draft_;

  Tensor x_;      // [max_batch, dim]: the residual stream, and after forward() its last state
  Tensor h_;      // [max_batch, dim]: what a block computes
  Tensor pairs_;  // [max_batch, 2 * dim]: next token's embedding and hidden state, for draft()
  MlaScratch attention_scratch_;
  FeedForwardScratch ffn_scratch_;
  OutputScratch output_scratch_;

  std::vector<std::unique_ptr<Weight>> weights_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

Result<std::unique_ptr<Model>> LatentTransformer::load(std::shared_ptr<const Checkpoint> checkpoint,
                                                       LatentTransformerConfig config,
                                                       Backend& backend,
                                                       const ModelOptions& options) {
  std::unique_ptr<LatentTransformer> model(
      new LatentTransformer(backend, std::move(config), options));
  const MlaConfig& c = model->config_.attention;
  if (!c.indexer)  // whose keys are read as f32
    model->cache_type_ = fitting_cache_type(options.cache_type, {c.kv_lora, c.rope_dim});
  FATHOM_CHECK(
      model->bind(Binder(std::move(checkpoint), backend, options.watch, shard_of(options.ranks))));
  FATHOM_CHECK(model->allocate_scratch());
  return model;
}

Status LatentTransformer::bind(Binder binder) {
  const LatentTransformerConfig& c = config_;
  if (has_first() || has_last()) embedding_ = binder.top().matrix(kEmbedding, c.vocab, c.dim());
  if (has_last()) head_ = bind_output_head(binder.top(), embedding_, c.tied, c.attention.norm_eps);
  for (int i = own_.begin; i < own_.end && binder.status(); ++i)
    blocks_.push_back(bind_block(binder.layer(i), c, c.ffn.has_experts(i)));
  FATHOM_CHECK(binder.status());

  const Binder::TokenBytes bytes =
      binder.token_bytes({.lookup_only = head_.output == embedding_ ? nullptr : embedding_,
                          .n_experts = c.ffn.router.n_experts,
                          .n_active = c.ffn.router.n_active});
  size_ = {.n_layers = c.n_layers,
           .dim = c.dim(),
           .vocab_size = c.vocab,
           .context_length = c.context_length,
           .n_parameters = binder.n_parameters(),
           .bytes_per_token = bytes.all,
           .expert_bytes_per_token = bytes.experts};
  const Binder::Scope after_last = binder.layer(c.n_layers);
  if (has_last() && after_last.has(kDraftProjection))
    draft_ = bind_draft(after_last, binder.top(), c, embedding_, head_);
  FATHOM_CHECK(binder.status());

  cache_widths_.assign(own_.size() + (draft_ ? 1 : 0), c.attention.cache_width());
  weights_ = binder.take_weights();
  return {};
}

Status LatentTransformer::allocate_scratch() {
  const LatentTransformerConfig& c = config_;
  ScratchAllocator memory(backend_);
  x_ = memory.tensor(max_batch_, c.dim());
  h_ = memory.tensor(max_batch_, c.dim());
  if (draft_) pairs_ = memory.tensor(max_batch_, 2 * c.dim());
  attention_scratch_ = MlaScratch::allocate(memory, max_batch_, c.attention);
  ffn_scratch_ = FeedForwardScratch::allocate(memory, max_batch_, c.ffn);
  output_scratch_ = OutputScratch::allocate(memory, max_batch_, c.dim(), c.vocab);
  FATHOM_CHECK(memory.status());
  buffers_ = memory.take_buffers();
  return {};
}

/// h: the layer's input, normed; becomes what the layer adds to the residual stream x, of which the
/// attention's part is added already.
void LatentTransformer::run(const Block& block, int layer, Tensor h, Tensor x, const Batch& batch,
                            const KvStore& cache) {
  const LayerProbe probe = {batch.probe, layer};
  mla_attention(backend_, h, batch, cache.layers[layer - own_.begin], block.attention,
                config_.attention, attention_scratch_, probe);
  if (block.attention.is_partial) ranks_->all_reduce_sum(h);
  probe.see("attn_out", h);

  backend_.add_rms_norm(h, x, h, *block.ffn_norm, config_.attention.norm_eps);
  feed_forward(backend_, h, block.ffn, config_.ffn.router, ffn_scratch_, probe);
  if (block.ffn.is_partial) ranks_->all_reduce_sum(h);
  probe.see("mlp_out", h);
}

Status LatentTransformer::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                                  const Interrupt& interrupt) {
  const float eps = config_.attention.norm_eps;
  const Tensor x = x_.first_rows(static_cast<int>(batch.tokens.size()));
  const Tensor h = h_.first_rows(x.rows);
  if (has_first()) {
    backend_.embed(x, batch.tokens, *embedding_);
    LayerProbe{batch.probe}.see("embed", x);
  }
  backend_.rms_norm(h, x, *blocks_.front().attention_norm, eps);
  for (int i = 0; i < own_.size(); ++i) {
    if (interrupt.requested()) return fail(ErrorCode::cancelled, "interrupted");
    run(blocks_[i], own_.begin + i, h, x, batch, cache);
    if (i + 1 < own_.size())
      backend_.add_rms_norm(h, x, h, *blocks_[i + 1].attention_norm, eps);
    else
      backend_.add(x, x, h);
    LayerProbe{batch.probe, own_.begin + i}.see("out", x);
  }
  if (!has_last()) return {};
  return compute_logits(backend_, logits, x, batch, head_, output_scratch_);
}

Status LatentTransformer::draft(const Batch& batch, std::span<const TokenId> next,
                                const KvStore& cache, std::span<float> logits) {
  FATHOM_ASSERT(draft_ && next.size() == batch.tokens.size());
  const DraftLayer& d = *draft_;
  const Tensor x = x_.first_rows(static_cast<int>(next.size()));
  const Tensor pairs = pairs_.first_rows(x.rows);
  const Tensor embedded = pairs.columns(0, x.cols);
  const Tensor hidden = pairs.columns(x.cols, x.cols);
  backend_.rms_norm(hidden, x, *head_.norm, head_.norm_eps);
  backend_.rms_norm(hidden, hidden, *d.hidden_norm, head_.norm_eps);
  backend_.embed(embedded, next, *d.embedding);
  backend_.rms_norm(embedded, embedded, *d.embedding_norm, head_.norm_eps);
  backend_.matmul(x, pairs, *d.project);
  const Tensor h = h_.first_rows(x.rows);
  backend_.rms_norm(h, x, *d.block.attention_norm, config_.attention.norm_eps);
  run(d.block, config_.n_layers, h, x, batch, cache);
  backend_.add(x, x, h);
  LayerProbe{batch.probe, config_.n_layers}.see("out", x);
  return compute_logits(backend_, logits, x, batch, d.head, output_scratch_);
}

}  // namespace

LatentTransformerConfig read_latent_transformer(Fields& f, MlaConfig attention,
                                                FeedForwardConfig ffn) {
  LatentTransformerConfig c;
  c.n_layers = count_layers(f);
  c.tied = f.flag_or({"tie_word_embeddings", ""}, false);
  c.context_length = f.count({"max_position_embeddings", "context_length"}, kMaxContext);
  c.vocab = f.vocab_size();
  c.attention = std::move(attention);
  c.ffn = ffn;
  return c;
}

Result<std::unique_ptr<Model>> load_latent_transformer(std::shared_ptr<const Checkpoint> checkpoint,
                                                       LatentTransformerConfig config,
                                                       Backend& backend,
                                                       const ModelOptions& options) {
  return LatentTransformer::load(std::move(checkpoint), std::move(config), backend, options);
}

}  // namespace fathom::engine
