// The routed experts: out[r] = sum over slots j of weight[r][j] * ffn of expert[r][j] (x[r]), where
// the expert is here.
// Source: DeepSeekMoE, arXiv:2401.06066, section 3.

#include <algorithm>
#include <vector>

#include "engine/base/assert.h"
#include "engine/reference/dot.h"
#include "engine/reference/gate.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {
namespace {

/// y [w.rows] = matrix `matrix` of w times x [w.cols]; `row` is room for one row.
void product(float* y, const float* x, const Weight& w, int matrix, std::vector<float>& row) {
  const HostWeight& weight = host_weight(w);
  row.resize(w.cols());
  for (int output = 0; output < w.rows(); ++output) {
    weight.read_row(matrix, output, row);
    y[output] = static_cast<float>(reference::dot(x, row.data(), w.cols()));
  }
}

}  // namespace

void ReferenceBackend::moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                               FfnScratch scratch) {
  const int hidden = experts.gate->rows();
  const int64_t n_items = int64_t{x.rows} * routes.n_active;
  FATHOM_ASSERT(scratch.gate.rows >= n_items && scratch.gate.cols >= hidden);
  FATHOM_ASSERT(scratch.up.rows >= n_items && scratch.up.cols >= hidden);
  FATHOM_ASSERT(scratch.out.rows >= n_items && scratch.out.cols >= out.cols);

  pool_.parallel_for(n_items, 1, [&](int64_t begin, int64_t end, int) {
    std::vector<float> weight_row;
    for (int64_t item = begin; item < end; ++item) {
      const int expert = routes.experts[item];
      if (!experts.has_expert(expert)) continue;
      const int index = expert - experts.first_expert;
      const float* input = x.row(item / routes.n_active);
      float* gate = scratch.gate.row(item);
      float* up = scratch.up.row(item);
      product(gate, input, *experts.gate, index, weight_row);
      product(up, input, *experts.up, index, weight_row);
      for (int i = 0; i < hidden; ++i) {
        gate[i] = reference::silu_mul(gate[i], up[i], experts.limit);
      }
      product(scratch.out.row(item), gate, *experts.down, index, weight_row);
    }
  });

  for (int row = 0; row < out.rows; ++row) {
    for (int i = 0; i < out.cols; ++i) {
      double sum = 0.0;
      for (int slot = 0; slot < routes.n_active; ++slot) {
        const int64_t item = int64_t{row} * routes.n_active + slot;
        if (!experts.has_expert(routes.experts[item])) continue;
        sum += double{routes.weights[item]} * scratch.out.row(item)[i];
      }
      out.row(row)[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace fathom::engine
