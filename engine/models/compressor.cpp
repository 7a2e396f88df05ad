#include "engine/models/compressor.h"

namespace fathom::engine {

CompressorWeights bind_compressor(Binder::Scope in, TensorName prefix, const CompressorConfig& c) {
  const std::string hf(prefix.hugging_face);
  const std::string gguf(prefix.gguf);
  const std::string names[] = {hf + "wkv.weight",    gguf + "kv.weight",  hf + "wgate.weight",
                               gguf + "gate.weight", hf + "ape",          gguf + "ape.weight",
                               hf + "norm.weight",   gguf + "norm.weight"};
  return {.numbers = in.matrix({names[0], names[1]}, c.width(), c.dim),
          .gates = in.matrix({names[2], names[3]}, c.width(), c.dim),
          .position_bias = in.matrix({names[4], names[5]}, c.group, c.width()),
          .norm = in.vector({names[6], names[7]}, c.key_dim)};
}

CompressorScratch CompressorScratch::allocate(ScratchAllocator& memory, int max_batch,
                                              int max_width, int max_key_dim) {
  return {.inputs = memory.tensor(max_batch, 2 * max_width),
          .keys = memory.tensor(max_batch, max_key_dim),
          .group_starts = std::vector<int32_t>(max_batch)};
}

void compress(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
              const CompressorWeights& w, const CompressorConfig& c, CompressorScratch& scratch) {
  const Tensor inputs = scratch.inputs.first_rows(x.rows).columns(0, 2 * c.width());
  const Tensor keys = scratch.keys.first_rows(x.rows).columns(0, c.key_dim);
  const std::span group_starts = std::span(scratch.group_starts).first(x.rows);
  for (int row = 0; row < x.rows; ++row)
    group_starts[row] = batch.positions[row] / c.group * c.group;

  backend.matmul(inputs.columns(0, c.width()), x, *w.numbers);
  backend.matmul(inputs.columns(c.width(), c.width()), x, *w.gates);
  backend.write_cache(cache, batch.slots, inputs, c.column);

  // Rows that end no group go through this too, with a key that nobody looks at.
  backend.pool_groups(keys, cache.floats(), batch.sequences,
                      {.size = c.group,
                       .column = c.column,
                       .dim = c.key_dim,
                       .overlaps = c.overlaps,
                       .position_bias = w.position_bias});
  backend.rms_norm(keys, keys, *w.norm, c.norm_eps);
  backend.rope(keys.heads(1, c.key_dim - c.rope_dim, c.rope_dim), group_starts, c.rope);
  backend.write_cache(cache, batch.slots, keys, c.key_column());
}

}  // namespace fathom::engine
