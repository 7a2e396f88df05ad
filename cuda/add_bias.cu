// y[r] += bias.
//
// y f32 [rows, cols], bias f32 [cols]. Bound by memory: 8 bytes a number.

#include "cuda/elementwise.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

struct Biased {
  Tensor y;
  const float* bias;
  __device__ float operator()(int64_t row, int column) const {
    return y.data[row * y.stride + column] + bias[column];
  }
};

}  // namespace

void launch_add_bias(Queue& queue, Tensor y, const float* bias) {
  launch_elementwise(queue, y, Biased{y, bias});
}

}  // namespace fathom::cuda
