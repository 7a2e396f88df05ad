// out[r] = sum over slots of weight * what the slot's expert made of x[r], plus what the shared
// ones made of it.
//
// f32. Bound by memory: n_active numbers in for each out. Sums in f32, slots in order. Source:
// DeepSeekMoE, arXiv:2401.06066, section 3.

#include "cuda/elementwise.h"
#include "cuda/moe.h"

namespace fathom::cuda {
namespace {

struct WeightedExperts {
  engine::Tensor y;
  engine::Routes routes;
  ExpertRange range;
  engine::Tensor shared;
  __device__ float operator()(int64_t row, int column) const {
    float sum = 0.0f;
    for (int slot = 0; slot < routes.n_active; ++slot) {
      const int64_t item = row * routes.n_active + slot;
      const int expert = routes.experts[item] - range.first;
      if (expert >= 0 && expert < range.n)
        sum = fmaf(routes.weights[item], y.data[item * y.stride + column], sum);
    }
    return shared.data != nullptr ? shared.data[row * shared.stride + column] + sum : sum;
  }
};

}  // namespace

void launch_sum_experts(Queue& queue, engine::Tensor out, engine::Tensor y, engine::Routes routes,
                        ExpertRange range, engine::Tensor shared) {
  launch_elementwise(queue, out, WeightedExperts{y, routes, range, shared});
}

}  // namespace fathom::cuda
