#include "engine/models/deepseek_v4_attention.h"

#include <algorithm>
#include <cmath>

namespace fathom::engine {

V4AttentionWeights bind_v4_attention(Binder::Scope in, const V4AttentionConfig& c,
                                     const V4LayerConfig& layer) {
  const int64_t q_dim = int64_t{c.n_heads} * c.head_dim;
  const int64_t out_dim = int64_t{c.n_out_groups} * c.out_lora;
  V4AttentionWeights w = {
      .q_a = in.matrix({"attn.wq_a.weight", "attn_q_a.weight"}, c.q_lora, c.dim),
      .q_a_norm = in.vector({"attn.q_norm.weight", "attn_q_a_norm.weight"}, c.q_lora),
      .q_b = in.matrix({"attn.wq_b.weight", "attn_q_b.weight"}, q_dim, c.q_lora),
      .kv = in.matrix({"attn.wkv.weight", "attn_kv.weight"}, c.head_dim, c.dim),
      .kv_norm = in.vector({"attn.kv_norm.weight", "attn_kv_a_norm.weight"}, c.head_dim),
      .sinks = in.vector({"attn.attn_sink", "attn_sinks.weight"}, c.n_heads),
      .out_a = in.row_groups({"attn.wo_a.weight", "attn_output_a.weight"}, c.n_out_groups,
                             c.out_lora, q_dim / c.n_out_groups),
      .out_b = in.matrix({"attn.wo_b.weight", "attn_output_b.weight"}, c.dim, out_dim)};
  if (layer.pooled)
    w.pooled = bind_compressor(in, {"attn.compressor.", "attn_compressor_"}, *layer.pooled);
  if (layer.index) {
    w.index =
        bind_compressor(in, {"attn.indexer.compressor.", "indexer_compressor_"}, *layer.index);
    w.index_q = in.matrix({"attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"},
                          int64_t{c.index_heads} * c.index_dim, c.q_lora);
    w.index_weights = in.matrix({"attn.indexer.weights_proj.weight", "indexer.proj.weight"},
                                c.index_heads, c.dim);
  }
  return w;
}

V4AttentionScratch V4AttentionScratch::allocate(ScratchAllocator& memory, int max_batch,
                                                const V4AttentionConfig& c) {
  const int max_key_dim = std::max(c.head_dim, c.index_dim);
  return {
      .q_a = memory.tensor(max_batch, c.q_lora),
      .q = memory.tensor(max_batch, c.n_heads * c.head_dim),
      .kv = memory.tensor(max_batch, c.head_dim),
      .out = memory.tensor(max_batch, c.n_heads * c.head_dim),
      .out_a = memory.tensor(max_batch, c.n_out_groups * c.out_lora),
      .index_q = memory.tensor(max_batch, c.index_heads * c.index_dim),
      .index_weights = memory.tensor(max_batch, c.index_heads),
      .chosen = memory.chosen_groups(max_batch, c.index_limit),
      .compressor = CompressorScratch::allocate(memory, max_batch, 2 * max_key_dim, max_key_dim)};
}

void v4_attention(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
                  const V4AttentionWeights& w, const V4AttentionConfig& c,
                  const V4LayerConfig& layer, V4AttentionScratch& scratch, LayerProbe probe) {
  const int nope_dim = c.head_dim - c.rope_dim;
  const Tensor q_a = scratch.q_a.first_rows(x.rows);
  const Tensor q = scratch.q.first_rows(x.rows);
  const Tensor kv = scratch.kv.first_rows(x.rows);
  const Tensor out = scratch.out.first_rows(x.rows);
  const Tensor out_a = scratch.out_a.first_rows(x.rows);

  backend.matmul(q_a, x, *w.q_a);
  backend.rms_norm(q_a, q_a, *w.q_a_norm, c.norm_eps);
  backend.matmul(q, q_a, *w.q_b);
  backend.unit_rms_norm(q.heads(c.n_heads), q.heads(c.n_heads), c.norm_eps);
  backend.rope(q.heads(c.n_heads, nope_dim, c.rope_dim), batch.positions, layer.rope);

  backend.matmul(kv, x, *w.kv);
  backend.rms_norm(kv, kv, *w.kv_norm, c.norm_eps);
  backend.rope(kv.heads(1, nope_dim, c.rope_dim), batch.positions, layer.rope);
  backend.write_cache(cache, batch.slots, kv, 0);
  probe.see("kv", kv);

  SharedKvAttention attention = {.window = c.window,
                                 .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim)),
                                 .sinks = w.sinks};
  if (layer.pooled) {
    compress(backend, x, batch, cache, w.pooled, *layer.pooled, scratch.compressor);
    attention.pooled = {.size = layer.pooled->group, .column = layer.pooled->key_column()};
  }
  if (layer.index) {
    const Tensor index_q = scratch.index_q.first_rows(x.rows);
    const Tensor index_weights = scratch.index_weights.first_rows(x.rows);
    compress(backend, x, batch, cache, w.index, *layer.index, scratch.compressor);
    backend.matmul(index_q, q_a, *w.index_q);
    backend.rope(index_q.heads(c.index_heads, c.index_dim - c.rope_dim, c.rope_dim),
                 batch.positions, layer.rope);
    backend.matmul(index_weights, x, *w.index_weights);
    backend.choose_groups(scratch.chosen, index_q.heads(c.index_heads), index_weights,
                          cache.floats(), batch.sequences,
                          {.size = layer.index->group, .column = layer.index->key_column()});
    attention.chosen = scratch.chosen;
    probe.see_groups(scratch.chosen, x.rows);
  }
  backend.shared_kv_attention(out.heads(c.n_heads), q.heads(c.n_heads), cache.floats(),
                              batch.sequences, attention);
  backend.rope(out.heads(c.n_heads, nope_dim, c.rope_dim), batch.positions, layer.inverse_rope);
  backend.matmul_heads(out_a.heads(c.n_out_groups), out.heads(c.n_out_groups), *w.out_a);
  backend.matmul(x, out_a, *w.out_b);
}

}  // namespace fathom::engine
