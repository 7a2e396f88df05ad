#include "engine/models/hyper_connections.h"

namespace fathom::engine {
namespace {

HyperWeights bind(Binder::Scope in, TensorName prefix, const HyperConfig& c, int n_weights,
                  int n_scales) {
  const std::string hf(prefix.hugging_face);
  const std::string gguf(prefix.gguf);
  const std::string names[] = {hf + "fn",    gguf + "fn.weight",
                               hf + "scale", gguf + "scale.weight",
                               hf + "base",  gguf + "base.weight"};
  return {.mix = in.matrix({names[0], names[1]}, n_weights, c.width()),
          .connection = {.n_streams = c.n_streams,
                         .n_iterations = c.n_iterations,
                         .eps = c.eps,
                         .scale = in.vector({names[2], names[3]}, n_scales),
                         .base = in.vector({names[4], names[5]}, n_weights)}};
}

}  // namespace

HyperWeights bind_hyper_connection(Binder::Scope in, TensorName prefix, const HyperConfig& c) {
  return bind(in, prefix, c, c.n_weights(), /*n_scales=*/3);
}

HyperWeights bind_hyper_head(Binder::Scope in, TensorName prefix, const HyperConfig& c) {
  return bind(in, prefix, c, c.n_streams, /*n_scales=*/1);
}

HyperScratch HyperScratch::allocate(ScratchAllocator& memory, int max_batch, const HyperConfig& c) {
  return {.flat = memory.tensor(max_batch, c.width()),
          .weights = memory.tensor(max_batch, c.n_weights())};
}

void read_hyper(Backend& backend, Tensor x, Tensor streams, const HyperWeights& w,
                const HyperConfig& c, const HyperScratch& scratch) {
  const Tensor flat = scratch.flat.first_rows(x.rows);
  const Tensor weights = scratch.weights.first_rows(x.rows).columns(0, w.mix->rows());
  backend.unit_rms_norm(flat.heads(1), streams.heads(1), c.norm_eps);
  backend.matmul(weights, flat, *w.mix);
  backend.hyper_weights(weights, w.connection);
  backend.read_streams(x, streams, weights);
}

void write_hyper(Backend& backend, Tensor streams, Tensor x, const HyperScratch& scratch) {
  backend.write_streams(streams, x, scratch.weights.first_rows(x.rows));
}

}  // namespace fathom::engine
