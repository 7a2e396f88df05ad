#include "engine/models/gated_network.h"

#include <numeric>

namespace fathom::engine {
namespace {

// No thinner slices than kernels handle at once, whatever the type of `down`.
constexpr int64_t kSmallestUnit = 32;

}  // namespace

int64_t hidden_unit(Binder::Scope in, const GatedNetworkNames& names) {
  return std::lcm(kSmallestUnit, in.column_unit(names.down));
}

GatedFfnWeights bind_gated_network(Binder::Scope in, const GatedNetworkNames& names, int64_t hidden,
                                   int64_t dim, Range part) {
  return {.gate = in.matrix(names.gate, hidden, dim, {.rows = part}),
          .up = in.matrix(names.up, hidden, dim, {.rows = part}),
          .down = in.matrix(names.down, dim, hidden, {.cols = part})};
}

FfnScratch allocate_gated_network(ScratchAllocator& memory, int64_t rows, int hidden, int dim) {
  return {.gate = memory.tensor(rows, hidden),
          .up = memory.tensor(rows, hidden),
          .out = memory.tensor(rows, dim)};
}

}  // namespace fathom::engine
