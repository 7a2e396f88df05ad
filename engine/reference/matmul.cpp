// Matrix products: y[r][o] = sum over k of x[r][k] * w[o][k]. A weight row is decoded once and used
// for all rows of x.

#include <vector>

#include "engine/base/assert.h"
#include "engine/reference/dot.h"
#include "engine/reference/host_weight.h"
#include "engine/reference/reference_backend.h"

namespace fathom::engine {

void ReferenceBackend::matmul(Tensor y, Tensor x, const Weight& w) {
  FATHOM_ASSERT(w.count() == 1);
  FATHOM_ASSERT(y.cols == w.rows() && x.cols == w.cols());
  matmul_heads(y.heads(1), x.heads(1), w);
}

void ReferenceBackend::matmul_heads(Heads y, Heads x, const Weight& w) {
  FATHOM_ASSERT(y.rows == x.rows && y.n_heads == x.n_heads && w.count() == y.n_heads);
  FATHOM_ASSERT(y.dim == w.rows() && x.dim == w.cols());
  const HostWeight& weight = host_weight(w);
  pool_.parallel_for(int64_t{w.count()} * w.rows(), 1, [&](int64_t begin, int64_t end, int) {
    std::vector<float> weight_row(w.cols());
    for (int64_t index = begin; index < end; ++index) {
      const int head = static_cast<int>(index / w.rows());
      const int output = static_cast<int>(index % w.rows());
      weight.read_row(head, output, weight_row);
      for (int row = 0; row < x.rows; ++row) {
        y.at(row, head)[output] =
            static_cast<float>(reference::dot(x.at(row, head), weight_row.data(), w.cols()));
      }
    }
  });
}

}  // namespace fathom::engine
