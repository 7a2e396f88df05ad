// DeepSeek-V3, -V3.1 and -R1: latent attention, sigmoid-routed experts, one draft layer.
//
// Source: DeepSeek-V3 report, arXiv:2412.19437; official inference/model.py; llama.cpp's names for
// GGUF, where V2 shares the architecture's name and is told apart by its softmax router.

#include <algorithm>
#include <cmath>

#include "engine/models/architectures.h"
#include "engine/models/binder.h"
#include "engine/models/feed_forward.h"
#include "engine/models/fields.h"
#include "engine/models/limits.h"
#include "engine/models/mla.h"
#include "engine/models/output_head.h"
#include "engine/models/rope_tables.h"
#include "engine/models/scratch.h"

namespace fathom::engine {
namespace {

struct Config {
  int n_layers = 0;  // without the draft layer
  int n_dense = 0;   // first layers without experts
  bool tied = false;
  int context_length = 0;
  int vocab = 0;
  int dense_hidden = 0;
  int expert_hidden = 0;
  int shared_hidden = 0;
  MlaConfig attention;
  RouterConfig router;

  int dim() const { return attention.dim; }
};

void refuse_other_generations(Fields& f) {
  constexpr int kGgufSigmoid = 2;
  const bool is_sigmoid =
      f.is_gguf() ? f.zero_or_count({"", "expert_gating_func"}, 1 << 10, 0) == kGgufSigmoid
                  : f.string_or({"scoring_func", ""}, "sigmoid") == "sigmoid";
  if (!is_sigmoid || f.string_or({"topk_method", ""}, "noaux_tc") != "noaux_tc")
    f.refuse("chooses experts otherwise than DeepSeek-V3; DeepSeek-V2 is not supported");
  if (!f.has({"q_lora_rank", "attention.q_lora_rank"}))
    f.refuse("queries without a latent (no q_lora_rank) are not supported");
  if (f.count_or({"moe_layer_freq", ""}, kMaxLayers, 1) != 1)
    f.refuse("moe_layer_freq other than 1 is not supported");
  if (f.string_or({"hidden_act", ""}, "silu") != "silu")
    f.refuse("hidden_act other than silu is not supported");
}

RouterConfig read_router(Fields& f) {
  RouterConfig r = {.score = RouterScore::sigmoid, .group_score = GroupScore::top2_sum};
  r.n_experts = f.count({"n_routed_experts", "expert_count"}, kMaxExperts);
  r.n_active = f.count({"num_experts_per_tok", "expert_used_count"}, r.n_experts);
  // llama.cpp's converter does not write the groups. The full model has 8, of which 4 are used.
  const bool is_full_size = f.is_gguf() && r.n_experts == 256;
  r.n_groups = f.count_or({"n_group", "expert_group_count"}, r.n_experts, is_full_size ? 8 : 1);
  r.n_active_groups =
      f.count_or({"topk_group", "expert_group_used_count"}, r.n_groups, is_full_size ? 4 : 1);
  r.normalise = f.flag_or({"norm_topk_prob", "expert_weights_norm"}, true);
  r.scale = static_cast<float>(f.positive({"routed_scaling_factor", "expert_weights_scale"}));

  const int group_size = r.n_experts / r.n_groups;
  if (r.n_experts % r.n_groups != 0 || r.n_active > group_size * r.n_active_groups ||
      (r.n_groups > 1 && group_size < 2))
    f.refuse(fmt::format("{} experts in {} groups, {} of {} active, is not a routing", r.n_experts,
                         r.n_groups, r.n_active, r.n_active_groups));
  return r;
}

MlaConfig read_attention(Fields& f) {
  MlaConfig a;
  a.dim = f.count({"hidden_size", "embedding_length"}, kMaxDim);
  a.n_heads = f.count({"num_attention_heads", "attention.head_count"}, kMaxHeads);
  a.q_lora = f.count({"q_lora_rank", "attention.q_lora_rank"}, kMaxHeadDim);
  a.kv_lora = f.count({"kv_lora_rank", "attention.kv_lora_rank"}, kMaxHeadDim);
  a.rope_dim = f.count({"qk_rope_head_dim", "rope.dimension_count"}, kMaxHeadDim);
  // GGUF before April 2025 has no *_mla keys, and the same numbers in the plain ones.
  const bool old_gguf = !f.has({"", "attention.key_length_mla"});
  if (f.is_gguf()) {
    const int key_dim =
        f.count({"", old_gguf ? "attention.key_length" : "attention.key_length_mla"}, kMaxHeadDim);
    a.nope_dim = key_dim - a.rope_dim;
  } else {
    a.nope_dim = f.count({"qk_nope_head_dim", ""}, kMaxHeadDim);
  }
  a.v_dim =
      f.count({"v_head_dim", old_gguf ? "attention.value_length" : "attention.value_length_mla"},
              kMaxHeadDim);
  if (a.nope_dim < 1 || a.rope_dim % 2 != 0)
    f.refuse(fmt::format("heads of {} + {} numbers are not supported", a.nope_dim, a.rope_dim));
  a.norm_eps = static_cast<float>(f.positive({"rms_norm_eps", "attention.layer_norm_rms_epsilon"}));

  RopeScaling scaling = read_rope_scaling(f);
  double mscale = 1;
  if (auto* yarn = std::get_if<YarnScaling>(&scaling)) {
    // GGUF before yarn_log_multiplier: every V3 has mscale = mscale_all_dim = 1.
    if (f.is_gguf() && yarn->mscale_all_dim == 0) yarn->magnitude = yarn->mscale_all_dim = 1;
    mscale = yarn_mscale(yarn->factor, yarn->mscale_all_dim);
  }
  const bool interleaved = f.flag_or({"rope_interleave", ""}, true);
  a.rope = make_rope(interleaved ? RopeLayout::interleaved : RopeLayout::half_split, a.rope_dim,
                     read_rope_base(f), scaling);
  a.softmax_scale = static_cast<float>(mscale * mscale / std::sqrt(a.nope_dim + a.rope_dim));
  return a;
}

constexpr TensorName kDraftProjection = {"eh_proj.weight", "nextn.eh_proj.weight"};

// GGUF counts draft layers among its blocks if the converter kept them.
int count_layers(Fields& f) {
  const int n_blocks = f.count({"num_hidden_layers", "block_count"}, kMaxLayers);
  const int n_drafts = f.zero_or_count({"", "nextn_predict_layers"}, n_blocks - 1, 0);
  const bool kept = f.checkpoint().find(fmt::format("blk.{}.{}", n_blocks - n_drafts,
                                                    kDraftProjection.gguf)) != nullptr;
  return kept ? n_blocks - n_drafts : n_blocks;
}

Result<Config> read_config(const Checkpoint& checkpoint) {
  Fields f(checkpoint);
  refuse_other_generations(f);
  Config c;
  c.attention = read_attention(f);
  c.router = read_router(f);
  c.n_layers = count_layers(f);
  c.n_dense =
      f.zero_or_count({"first_k_dense_replace", "leading_dense_block_count"}, kMaxLayers, 0);
  c.tied = f.flag_or({"tie_word_embeddings", ""}, false);
  c.context_length = f.count({"max_position_embeddings", "context_length"}, kMaxContext);
  c.dense_hidden = f.count({"intermediate_size", "feed_forward_length"}, kMaxDim);
  c.expert_hidden = f.count({"moe_intermediate_size", "expert_feed_forward_length"}, kMaxDim);
  c.shared_hidden =
      f.count({"n_shared_experts", "expert_shared_count"}, kMaxDim / c.expert_hidden) *
      c.expert_hidden;
  c.vocab = f.vocab_size();
  FATHOM_CHECK(f.status());
  return c;
}

/// A layer: attention, then a dense network or experts.
struct Block {
  const Weight* attention_norm = nullptr;  // [1, dim]
  MlaWeights attention;
  const Weight* ffn_norm = nullptr;  // [1, dim]
  bool is_dense = false;
  GatedFfnWeights ffn;
  MoeWeights moe;
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

MoeWeights bind_moe(Binder::Scope in, const Config& c) {
  const int64_t n = c.router.n_experts, hidden = c.expert_hidden, shared = c.shared_hidden;
  const int64_t dim = c.dim();
  return {
      .router = in.matrix({"mlp.gate.weight", "ffn_gate_inp.weight"}, n, dim),
      .router_bias = in.vector({"mlp.gate.e_score_correction_bias", "exp_probs_b.bias"}, n),
      .experts = {.gate = in.experts({"mlp.experts.*.gate_proj.weight", "ffn_gate_exps.weight"}, n,
                                     hidden, dim),
                  .up = in.experts({"mlp.experts.*.up_proj.weight", "ffn_up_exps.weight"}, n,
                                   hidden, dim),
                  .down = in.experts({"mlp.experts.*.down_proj.weight", "ffn_down_exps.weight"}, n,
                                     dim, hidden)},
      .shared = {.gate = in.matrix({"mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
                                   shared, dim),
                 .up = in.matrix({"mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
                                 shared, dim),
                 .down = in.matrix({"mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
                                   dim, shared)}};
}

Block bind_block(Binder::Scope in, const Config& c, bool is_dense) {
  Block b;
  b.attention_norm = in.vector({"input_layernorm.weight", "attn_norm.weight"}, c.dim());
  b.attention = bind_mla(in, c.attention);
  b.ffn_norm = in.vector({"post_attention_layernorm.weight", "ffn_norm.weight"}, c.dim());
  b.is_dense = is_dense;
  if (is_dense)
    b.ffn = bind_gated_ffn(in, c.dense_hidden, c.dim());
  else
    b.moe = bind_moe(in, c);
  return b;
}

// Files repeat the main model's table and output matrix in the draft layer: one copy is enough.
const Weight* bind_shared(Binder::Scope in, TensorName name, Binder::Scope top, TensorName main,
                          const Weight* shared) {
  const TensorInfo* own = in.find(name);
  const TensorInfo* other = top.find(main);
  if (!shared || !own || (other && std::ranges::equal(own->bytes, other->bytes))) return shared;
  return in.matrix(name, shared->rows(), shared->cols());
}

DraftLayer bind_draft(Binder::Scope in, Binder::Scope top, const Config& c, const Weight* embedding,
                      const OutputHead& head) {
  const int64_t dim = c.dim();
  return {
      .embedding = bind_shared(in, {"embed_tokens.weight", "nextn.embed_tokens.weight"}, top,
                               kEmbedding, embedding),
      .embedding_norm = in.vector({"enorm.weight", "nextn.enorm.weight"}, dim),
      .hidden_norm = in.vector({"hnorm.weight", "nextn.hnorm.weight"}, dim),
      .project = in.matrix(kDraftProjection, dim, 2 * dim),
      .block = bind_block(in, c, /*is_dense=*/false),
      .head = {
          .norm = in.vector({"shared_head.norm.weight", "nextn.shared_head_norm.weight"}, dim),
          .output = bind_shared(in, {"shared_head.head.weight", "nextn.shared_head_head.weight"},
                                top, kOutput, head.output),
          .norm_eps = head.norm_eps}};
}

class DeepseekV3 final : public Model {
 public:
  static Result<std::unique_ptr<Model>> load(std::shared_ptr<const Checkpoint> checkpoint,
                                             Backend& backend, const ModelOptions& options);

  const ModelSize& size() const override { return size_; }
  std::span<const int> cache_widths() const override { return cache_widths_; }
  int max_batch() const override { return max_batch_; }
  Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                 const Interrupt& interrupt) override;
  bool can_draft() const override { return draft_.has_value(); }
  Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
               std::span<float> logits) override;

 private:
  DeepseekV3(Backend& backend, Config config, int max_batch)
      : backend_(backend), config_(std::move(config)), max_batch_(max_batch) {}
  Status bind(Binder binder);
  Status allocate_scratch();
  void run(const Block& block, Tensor x, const Batch& batch, Tensor cache);

  Backend& backend_;
  const Config config_;
  const int max_batch_;
  ModelSize size_;
  std::vector<int> cache_widths_;

  const Weight* embedding_ = nullptr;  // [vocab, dim]
  std::vector<Block> blocks_;
  OutputHead head_;
  std::optional<DraftLayer> draft_;

  Tensor x_;      // [max_batch, dim]: the residual stream, and after forward() its last state
  Tensor h_;      // [max_batch, dim]: what a block computes
  Tensor pairs_;  // [max_batch, 2 * dim]: next token's embedding and hidden state, for draft()
  MlaScratch attention_scratch_;
  FfnScratch ffn_scratch_;
  MoeScratch moe_scratch_;
  OutputScratch output_scratch_;

  std::vector<std::unique_ptr<Weight>> weights_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

Result<std::unique_ptr<Model>> DeepseekV3::load(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  FATHOM_TRY(config, read_config(*checkpoint));
  std::unique_ptr<DeepseekV3> model(new DeepseekV3(backend, std::move(config), options.max_batch));
  FATHOM_CHECK(model->bind(Binder(std::move(checkpoint), backend)));
  FATHOM_CHECK(model->allocate_scratch());
  return model;
}

Status DeepseekV3::bind(Binder binder) {
  const Config& c = config_;
  embedding_ = binder.top().matrix(kEmbedding, c.vocab, c.dim());
  head_ = bind_output_head(binder.top(), embedding_, c.tied, c.attention.norm_eps);
  for (int i = 0; i < c.n_layers && binder.status(); ++i)
    blocks_.push_back(bind_block(binder.layer(i), c, i < c.n_dense));
  FATHOM_CHECK(binder.status());

  size_ = {.n_layers = c.n_layers,
           .dim = c.dim(),
           .vocab_size = c.vocab,
           .context_length = c.context_length,
           .n_parameters = binder.n_parameters(),
           .bytes_per_token = binder.bytes_per_token(
               {.lookup_only = head_.output == embedding_ ? nullptr : embedding_,
                .n_experts = c.router.n_experts,
                .n_active = c.router.n_active})};
  const Binder::Scope after_last = binder.layer(c.n_layers);
  if (after_last.has(kDraftProjection))
    draft_ = bind_draft(after_last, binder.top(), c, embedding_, head_);
  FATHOM_CHECK(binder.status());

  cache_widths_.assign(c.n_layers + (draft_ ? 1 : 0), c.attention.cache_width());
  weights_ = binder.take_weights();
  return {};
}

Status DeepseekV3::allocate_scratch() {
  const Config& c = config_;
  ScratchAllocator memory(backend_);
  x_ = memory.tensor(max_batch_, c.dim());
  h_ = memory.tensor(max_batch_, c.dim());
  if (draft_) pairs_ = memory.tensor(max_batch_, 2 * c.dim());
  attention_scratch_ = MlaScratch::allocate(memory, max_batch_, c.attention);
  ffn_scratch_ = allocate_ffn_scratch(memory, max_batch_, c.dense_hidden, c.dim());
  moe_scratch_ =
      MoeScratch::allocate(memory, max_batch_, c.dim(), c.expert_hidden, c.shared_hidden, c.router);
  output_scratch_ = OutputScratch::allocate(memory, max_batch_, c.dim(), c.vocab);
  FATHOM_CHECK(memory.status());
  buffers_ = memory.take_buffers();
  return {};
}

void DeepseekV3::run(const Block& block, Tensor x, const Batch& batch, Tensor cache) {
  const Tensor h = h_.first_rows(x.rows);
  backend_.rms_norm(h, x, *block.attention_norm, config_.attention.norm_eps);
  mla_attention(backend_, h, batch, cache, block.attention, config_.attention, attention_scratch_);
  backend_.add(x, x, h);

  backend_.rms_norm(h, x, *block.ffn_norm, config_.attention.norm_eps);
  if (block.is_dense)
    backend_.gated_ffn(h, h, block.ffn, ffn_scratch_);
  else
    moe_feed_forward(backend_, h, block.moe, config_.router, moe_scratch_);
  backend_.add(x, x, h);
}

Status DeepseekV3::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                           const Interrupt& interrupt) {
  const Tensor x = x_.first_rows(static_cast<int>(batch.tokens.size()));
  backend_.embed(x, batch.tokens, *embedding_);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (interrupt.requested()) return fail(ErrorCode::cancelled, "interrupted");
    run(blocks_[i], x, batch, cache.layers[i]);
  }
  return compute_logits(backend_, logits, x, batch.logit_rows, head_, output_scratch_);
}

Status DeepseekV3::draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                         std::span<float> logits) {
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
  run(d.block, x, batch, cache.layers[config_.n_layers]);
  return compute_logits(backend_, logits, x, batch.logit_rows, d.head, output_scratch_);
}

}  // namespace

Status check_deepseek_v3(const Checkpoint& checkpoint) {
  FATHOM_CHECK(read_config(checkpoint));
  return {};
}

Result<std::unique_ptr<Model>> load_deepseek_v3(std::shared_ptr<const Checkpoint> checkpoint,
                                                Backend& backend, const ModelOptions& options) {
  return DeepseekV3::load(std::move(checkpoint), backend, options);
}

}  // namespace fathom::engine
