// A gated feed-forward network of a checkpoint, or a rank's part of its hidden numbers: rows of
// gate and up, columns of down. The parts' results add up to the network's.

#pragma once

#include "engine/backend.h"
#include "engine/models/binder.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

struct GatedNetworkNames {
  TensorName gate, up, down;
};

/// How many hidden numbers at least are kept together.
int64_t hidden_unit(Binder::Scope in, const GatedNetworkNames& names);

/// gate, up [hidden, dim], down [dim, hidden], of which `part` is taken.
GatedFfnWeights bind_gated_network(Binder::Scope in, const GatedNetworkNames& names, int64_t hidden,
                                   int64_t dim, Range part);

FfnScratch allocate_gated_network(ScratchAllocator& memory, int64_t rows, int hidden, int dim);

}  // namespace fathom::engine
