#include "engine/models/indexer.h"

#include "engine/models/limits.h"

namespace fathom::engine {
namespace {

constexpr float kNormEps = 1e-6f;  // of the original; no configuration has it
constexpr int kMaxTopK = 1 << 16;

}  // namespace

IndexerConfig read_indexer_config(Fields& f, int dim, int q_lora, const Rope& attention_rope) {
  IndexerConfig c = {.dim = dim, .q_lora = q_lora, .rope = attention_rope};
  c.n_heads = f.count({"index_n_heads", "attention.indexer.head_count"}, kMaxHeads);
  c.head_dim = f.count({"index_head_dim", "attention.indexer.key_length"}, kMaxHeadDim);
  c.top_k = f.count({"index_topk", "attention.indexer.top_k"}, kMaxTopK);
  c.rope.layout = RopeLayout::half_split;
  if (q_lora == 0) f.refuse("an indexer without q_lora_rank is not supported");
  if (c.head_dim < static_cast<int>(2 * c.rope.inverse_frequencies.size()))
    f.refuse(
        fmt::format("an indexer with heads of {} numbers, fewer than are rotated, is not "
                    "supported",
                    c.head_dim));
  return c;
}

IndexerWeights bind_indexer(Binder::Scope in, const IndexerConfig& c) {
  return {
      .q = in.matrix({"self_attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"},
                     int64_t{c.n_heads} * c.head_dim, c.q_lora),
      .k = in.matrix({"self_attn.indexer.wk.weight", "indexer.attn_k.weight"}, c.head_dim, c.dim),
      .k_norm = in.vector({"self_attn.indexer.k_norm.weight", "indexer.k_norm.weight"}, c.head_dim),
      .k_norm_bias =
          in.vector({"self_attn.indexer.k_norm.bias", "indexer.k_norm.bias"}, c.head_dim),
      .head_weights = in.matrix({"self_attn.indexer.weights_proj.weight", "indexer.proj.weight"},
                                c.n_heads, c.dim)};
}

IndexerScratch IndexerScratch::allocate(ScratchAllocator& memory, int max_batch,
                                        const IndexerConfig& c) {
  return {.q = memory.tensor(max_batch, c.n_heads * c.head_dim),
          .k = memory.tensor(max_batch, c.head_dim),
          .head_weights = memory.tensor(max_batch, c.n_heads),
          .chosen = memory.chosen_groups(max_batch, c.top_k)};
}

void write_index_keys(Backend& backend, const IndexerInput& input, const Batch& batch,
                      const IndexerWeights& w, const IndexerConfig& c,
                      const IndexerScratch& scratch) {
  const int rope_dim = static_cast<int>(2 * c.rope.inverse_frequencies.size());
  const Tensor k = scratch.k.first_rows(input.x.rows);
  backend.matmul(k, input.x, *w.k);
  backend.layer_norm(k, k, *w.k_norm, *w.k_norm_bias, kNormEps);
  backend.rope(k.heads(1, 0, rope_dim), batch.positions, c.rope);
  backend.write_cache(input.cache, batch.slots, k, input.column);
}

void choose_positions(Backend& backend, const IndexerInput& input, const Batch& batch,
                      std::span<const SequenceRows> sequences, const IndexerWeights& w,
                      const IndexerConfig& c, const IndexerScratch& scratch) {
  const int rope_dim = static_cast<int>(2 * c.rope.inverse_frequencies.size());
  const Tensor q = scratch.q.first_rows(input.x.rows);
  const Tensor head_weights = scratch.head_weights.first_rows(input.x.rows);
  backend.matmul(q, input.q_latent, *w.q);
  backend.rope(q.heads(c.n_heads, 0, rope_dim), batch.positions, c.rope);
  backend.matmul(head_weights, input.x, *w.head_weights);
  backend.choose_groups(scratch.chosen, q.heads(c.n_heads), head_weights, input.cache.floats(),
                        sequences, {.size = 1, .column = input.column});
}

}  // namespace fathom::engine
