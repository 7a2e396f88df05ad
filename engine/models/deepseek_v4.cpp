// DeepSeek-V4: four residual streams, attention to a window and to pooled groups of tokens, experts
// of which the first layers take those of a table, one draft layer.
//
// Source: DeepSeek-V4's inference/model.py; llama.cpp's names for GGUF.

#include <algorithm>
#include <optional>

#include "engine/models/architectures.h"
#include "engine/models/binder.h"
#include "engine/models/deepseek_v4_config.h"
#include "engine/models/layer_probe.h"
#include "engine/models/output_head.h"
#include "engine/models/scratch.h"
#include "engine/parallel/communicator.h"

namespace fathom::engine {
namespace {

constexpr TensorName kDraftEmbedding = {"e_proj.weight", ""};

struct Block {
  HyperWeights attention_streams;
  const Weight* attention_norm = nullptr;  // [1, dim]
  V4AttentionWeights attention;
  HyperWeights experts_streams;
  const Weight* experts_norm = nullptr;  // [1, dim]
  V4ExpertsWeights experts;
};

/// The end of the model or of its draft layer.
struct Head {
  HyperWeights streams;
  OutputHead output;
};

/// Predicts the token after next. Embedding and output matrix are the model's.
struct DraftLayer {
  const Weight* embedding_norm = nullptr;     // [1, dim]
  const Weight* hidden_norm = nullptr;        // [1, dim]
  const Weight* project_embedding = nullptr;  // [dim, dim]
  const Weight* project_hidden = nullptr;     // [dim, dim]
  Block block;
  Head head;
};

Block bind_block(Binder::Scope in, const V4Config& c, int layer) {
  return {.attention_streams = bind_hyper_connection(in, {"hc_attn_", "hc_attn_"}, c.streams),
          .attention_norm = in.vector({"attn_norm.weight", "attn_norm.weight"}, c.dim()),
          .attention = bind_v4_attention(in, c.attention, c.attention_layers[layer]),
          .experts_streams = bind_hyper_connection(in, {"hc_ffn_", "hc_ffn_"}, c.streams),
          .experts_norm = in.vector({"ffn_norm.weight", "ffn_norm.weight"}, c.dim()),
          .experts = bind_v4_experts(in, c.experts, c.vocab, c.expert_layers[layer])};
}

DraftLayer bind_draft(Binder::Scope in, const V4Config& c, const Weight* output) {
  return {.embedding_norm = in.vector({"enorm.weight", ""}, c.dim()),
          .hidden_norm = in.vector({"hnorm.weight", ""}, c.dim()),
          .project_embedding = in.matrix(kDraftEmbedding, c.dim(), c.dim()),
          .project_hidden = in.matrix({"h_proj.weight", ""}, c.dim(), c.dim()),
          .block = bind_block(in, c, c.n_layers),
          .head = {.streams = bind_hyper_head(in, {"hc_head_", ""}, c.streams),
                   .output = {.norm = in.vector({"norm.weight", ""}, c.dim()),
                              .output = output,
                              .norm_eps = c.norm_eps()}}};
}

class DeepseekV4 final : public Model {
 public:
  static Result<std::unique_ptr<Model>> load(std::shared_ptr<const Checkpoint> checkpoint,
                                             Backend& backend, const ModelOptions& options);

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return cache_widths_; }
  int max_batch() const override { return max_batch_; }
  Tensor hidden() const override { return streams_; }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  Status all_logits(int i, std::span<float> logits) override {
    return read_logits(backend_, logits, i, output_scratch_);
  }
  bool can_draft() const override { return draft_.has_value(); }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

 private:
  DeepseekV4(Backend& backend, V4Config config, const ModelOptions& options)
      : backend_(backend),
        config_(std::move(config)),
        max_batch_(options.max_batch),
        own_(options.layers.below(config_.n_layers)),
        ranks_(options.ranks) {}
  bool has_first() const { return own_.begin == 0; }
  bool has_last() const { return own_.end == config_.n_layers; }
  Status bind(Binder binder);
  Status allocate_scratch();
  Tensor stream(Tensor streams, int index) const {
    return streams.columns(index * config_.dim(), config_.dim());
  }
  void run(const Block& block, int layer, Tensor streams, const Batch& batch,
           std::span<const TokenId> tokens, const KvStore& cache);
  Status predict(std::span<float> logits, Tensor streams, const Batch& batch, const Head& head);

  Backend& backend_;
  const V4Config config_;
  const int max_batch_;
  const LayerRange own_;
  Communicator* const ranks_;  // null: there is one
  ModelSize size_;
  std::vector<int> cache_widths_;

  const Weight* embedding_ = nullptr;  // [vocab, dim]
  std::vector<Block> blocks_;
  Head head_;
  std::optional<DraftLayer> draft_;

  Tensor streams_;   // [max_batch, n_streams * dim]; after forward() their last state
  Tensor h_;         // [max_batch, dim]: what a block computes
  Tensor embedded_;  // [max_batch, dim]: for draft()
  HyperScratch hyper_scratch_;
  V4AttentionScratch attention_scratch_;
  V4ExpertsScratch experts_scratch_;
  OutputScratch output_scratch_;

  std::vector<std::unique_ptr<Weight>> weights_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

Result<std::unique_ptr<Model>> DeepseekV4::load(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  Fields fields(*checkpoint);
  V4Config config = read_v4_config(fields);
  FATHOM_CHECK(fields.status());
  std::unique_ptr<DeepseekV4> model(new DeepseekV4(backend, std::move(config), options));
  FATHOM_CHECK(
      model->bind(Binder(std::move(checkpoint), backend, options.watch, shard_of(options.ranks))));
  FATHOM_CHECK(model->allocate_scratch());
  return model;
}

Status DeepseekV4::bind(Binder binder) {
  const V4Config& c = config_;
  const Binder::Scope top = binder.top();
  if (has_first() || has_last())
    embedding_ = top.matrix({"embed.weight", "token_embd.weight"}, c.vocab, c.dim());
  if (has_last())
    head_ = {.streams = bind_hyper_head(top, {"hc_head_", "output_hc_"}, c.streams),
             .output = {.norm = top.vector({"norm.weight", "output_norm.weight"}, c.dim()),
                        .output = top.matrix({"head.weight", "output.weight"}, c.vocab, c.dim()),
                        .norm_eps = c.norm_eps()}};
  const char* prefix = top.is_gguf() ? "blk" : "layers";
  for (int i = own_.begin; i < own_.end && binder.status(); ++i)
    blocks_.push_back(bind_block(binder.below(fmt::format("{}.{}.", prefix, i)), c, i));
  FATHOM_CHECK(binder.status());

  const Binder::TokenBytes bytes = binder.token_bytes({.lookup_only = embedding_,
                                                       .n_experts = c.experts.router.n_experts,
                                                       .n_active = c.experts.router.n_active});
  size_ = {.n_layers = c.n_layers,
           .dim = c.dim(),
           .vocab_size = c.vocab,
           .context_length = c.context_length,
           .n_parameters = binder.n_parameters(),
           .bytes_per_token = bytes.all,
           .expert_bytes_per_token = bytes.experts};
  const Binder::Scope draft = binder.below("mtp.0.");
  if (has_last() && draft.has(kDraftEmbedding)) draft_ = bind_draft(draft, c, head_.output.output);
  FATHOM_CHECK(binder.status());

  for (int i = own_.begin; i < own_.end + (draft_ ? 1 : 0); ++i)
    cache_widths_.push_back(c.attention_layers[i].cache_width(c.attention));
  weights_ = binder.take_weights();
  return {};
}

Status DeepseekV4::allocate_scratch() {
  const V4Config& c = config_;
  ScratchAllocator memory(backend_);
  streams_ = memory.tensor(max_batch_, c.streams.width());
  h_ = memory.tensor(max_batch_, c.dim());
  if (draft_) embedded_ = memory.tensor(max_batch_, c.dim());
  hyper_scratch_ = HyperScratch::allocate(memory, max_batch_, c.streams);
  attention_scratch_ = V4AttentionScratch::allocate(memory, max_batch_, c.attention);
  experts_scratch_ = V4ExpertsScratch::allocate(memory, max_batch_, c.experts);
  output_scratch_ = OutputScratch::allocate(memory, max_batch_, c.dim(), c.vocab);
  FATHOM_CHECK(memory.status());
  buffers_ = memory.take_buffers();
  return {};
}

void DeepseekV4::run(const Block& block, int layer, Tensor streams, const Batch& batch,
                     std::span<const TokenId> tokens, const KvStore& cache) {
  const V4Config& c = config_;
  const LayerProbe probe = {batch.probe, layer};
  const Tensor h = h_.first_rows(streams.rows);
  read_hyper(backend_, h, streams, block.attention_streams, c.streams, hyper_scratch_);
  backend_.rms_norm(h, h, *block.attention_norm, c.norm_eps());
  v4_attention(backend_, h, batch, cache.layers[layer - own_.begin], block.attention, c.attention,
               c.attention_layers[layer], attention_scratch_, probe);
  probe.see("attn_out", h);
  write_hyper(backend_, streams, h, hyper_scratch_);

  read_hyper(backend_, h, streams, block.experts_streams, c.streams, hyper_scratch_);
  backend_.rms_norm(h, h, *block.experts_norm, c.norm_eps());
  v4_experts(backend_, h, tokens, block.experts, c.experts, experts_scratch_, probe);
  if (ranks_) ranks_->all_reduce_sum(h);
  probe.see("mlp_out", h);
  write_hyper(backend_, streams, h, hyper_scratch_);
  probe.see("out", streams);
}

Status DeepseekV4::predict(std::span<float> logits, Tensor streams, const Batch& batch,
                           const Head& head) {
  const Tensor h = h_.first_rows(streams.rows);
  read_hyper(backend_, h, streams, head.streams, config_.streams, hyper_scratch_);
  return compute_logits(backend_, logits, h, batch, head.output, output_scratch_);
}

Status DeepseekV4::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                           const Interrupt& interrupt) {
  const Tensor streams = streams_.first_rows(static_cast<int>(batch.tokens.size()));
  if (has_first()) {
    for (int i = 0; i < config_.streams.n_streams; ++i)
      backend_.embed(stream(streams, i), batch.tokens, *embedding_);
    LayerProbe{batch.probe}.see("embed", stream(streams, 0));
  }
  for (int i = own_.begin; i < own_.end; ++i) {
    if (interrupt.requested()) return fail(ErrorCode::cancelled, "interrupted");
    run(blocks_[i - own_.begin], i, streams, batch, batch.tokens, cache);
  }
  if (!has_last()) return {};
  return predict(logits, streams, batch, head_);
}

Status DeepseekV4::draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                         std::span<float> logits) {
  FATHOM_ASSERT(draft_ && next.size() == batch.tokens.size());
  const DraftLayer& d = *draft_;
  const Tensor streams = streams_.first_rows(static_cast<int>(next.size()));
  const Tensor h = h_.first_rows(streams.rows);
  const Tensor embedded = embedded_.first_rows(streams.rows);
  backend_.embed(h, next, *embedding_);
  backend_.rms_norm(h, h, *d.embedding_norm, config_.norm_eps());
  backend_.matmul(embedded, h, *d.project_embedding);
  for (int i = 0; i < config_.streams.n_streams; ++i) {
    backend_.rms_norm(h, stream(streams, i), *d.hidden_norm, config_.norm_eps());
    backend_.matmul(stream(streams, i), h, *d.project_hidden);
    backend_.add(stream(streams, i), stream(streams, i), embedded);
  }
  run(d.block, config_.n_layers, streams, batch, next, cache);
  return predict(logits, streams, batch, d.head);
}

}  // namespace

Result<ConfigNotes> check_deepseek_v4(const Checkpoint& checkpoint) {
  Fields fields(checkpoint);
  read_v4_config(fields);
  return fields.notes();
}

Result<std::unique_ptr<Model>> load_deepseek_v4(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  return DeepseekV4::load(std::move(checkpoint), backend, options);
}

}  // namespace fathom::engine
