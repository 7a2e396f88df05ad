// y = silu(min(gate, limit)) * clamp(up, -limit, limit).
//
// f32 [rows, cols]; y may be gate or up. Bound by memory: 12 bytes a number. Source: Shazeer 2020,
// arXiv:2002.05202.

#include "cuda/elementwise.h"
#include "cuda/gate.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

struct Gated {
  Tensor gate, up;
  float limit;
  __device__ float operator()(int64_t row, int column) const {
    return silu_mul(gate.data[row * gate.stride + column], up.data[row * up.stride + column],
                    limit);
  }
};

}  // namespace

void launch_silu_mul(Queue& queue, Tensor y, Tensor gate, Tensor up, float limit) {
  launch_elementwise(queue, y, Gated{gate, up, limit});
}

}  // namespace fathom::cuda
