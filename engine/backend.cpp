#include "engine/backend.h"

#include "engine/base/assert.h"

namespace fathom::engine {

bool Backend::can_replace(const Weight&) const { return false; }

void Backend::replace(Weight&, int, const WeightData&) {
  FATHOM_ASSERT(false);  // can_replace() said no
}

void Backend::gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  const Tensor gate = scratch.gate.first_rows(x.rows).columns(0, w.gate->rows());
  const Tensor up = scratch.up.first_rows(x.rows).columns(0, w.up->rows());
  matmul(gate, x, *w.gate);
  matmul(up, x, *w.up);
  silu_mul(gate, gate, up, w.limit);
  matmul(out, gate, *w.down);
}

}  // namespace fathom::engine
