// Hyper-connections: a model with several residual streams. Each block reads one mixture of the
// streams and writes its result to all of them, with weights that depend on the streams.
//
// Source: mHC, arXiv:2512.24880; DeepSeek-V4's inference/model.py, "hc_".

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct HyperConfig {
  int dim = 0;  // of one stream
  int n_streams = 0;
  int n_iterations = 0;
  float eps = 0;
  float norm_eps = 0;

  int width() const { return n_streams * dim; }
  /// Weights that a block needs for reading, writing and keeping streams.
  int n_weights() const { return n_streams * (2 + n_streams); }
};

struct HyperWeights {
  const Weight* mix = nullptr;  // [n_weights(), width()]; [n_streams, width()] if it only reads
  HyperConnection connection;
};

/// Prefix of the three tensors in each format: "hc_attn_" for hc_attn_{fn,base,scale}.
HyperWeights bind_hyper_connection(Binder::Scope in, TensorName prefix, const HyperConfig& config);
/// The end of a model, where streams are only read.
HyperWeights bind_hyper_head(Binder::Scope in, TensorName prefix, const HyperConfig& config);

struct HyperScratch {
  static HyperScratch allocate(ScratchAllocator& memory, int max_batch, const HyperConfig& config);

  Tensor flat;     // [max_batch, width()]
  Tensor weights;  // [max_batch, n_weights()]: from a block's reading to its writing
};

/// x [n, dim] = what the block with these weights reads from streams [n, width()].
void read_hyper(Backend& backend, Tensor x, Tensor streams, const HyperWeights& w,
                const HyperConfig& config, const HyperScratch& scratch);
/// Writes the block's result x [n, dim]; follows read_hyper() of that block.
void write_hyper(Backend& backend, Tensor streams, Tensor x, const HyperScratch& scratch);

}  // namespace fathom::engine
