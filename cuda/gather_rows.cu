// out[i] = x[rows[i]].
//
// f32; no aliasing. Bound by memory: 8 bytes a number.

#include "cuda/elementwise.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

struct Chosen {
  Tensor x;
  const int32_t* rows;
  __device__ float operator()(int64_t row, int column) const {
    return x.data[rows[row] * x.stride + column];
  }
};

}  // namespace

void launch_gather_rows(Queue& queue, Tensor out, Tensor x, const int32_t* rows) {
  launch_elementwise(queue, out, Chosen{x, rows});
}

}  // namespace fathom::cuda
