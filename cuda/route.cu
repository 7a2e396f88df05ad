// How a token chooses its experts; formulas in engine/reference/route.cpp.
//
// logits f32 [rows, n_experts]; a warp for each row, scores in shared memory. Bound by latency:
// n_active rounds of finding the largest. Sums in f32.

#include <cfloat>

#include "cuda/device.h"
#include "cuda/ops.h"
#include "cuda/order.h"

namespace fathom::cuda {
namespace {

using engine::GroupScore;
using engine::RouterScore;

struct Best {
  uint32_t order;
  int index;
};

/// Of two, the one with the larger score; of equal ones the lower index.
__device__ Best better(Best a, Best b) {
  return b.order > a.order || (b.order == a.order && b.index < a.index) ? b : a;
}

/// Finds the best of [0, n) that is not taken, and takes it. All lanes know it.
__device__ int take_best(const float* scores, uint8_t* taken, int n, int lane) {
  Best best = {0, n};
  for (int i = lane; i < n; i += kWarpSize)
    if (taken[i] == 0) best = better({order_of(scores[i]), i}, best);
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2)
    best = better(best, {__shfl_xor_sync(kFullWarp, best.order, lanes),
                         __shfl_xor_sync(kFullWarp, best.index, lanes)});
  if (lane == 0) taken[best.index] = 1;
  __syncwarp();
  return best.index;
}

__device__ float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

__device__ void compute_scores(float* scores, const float* logits, int n, RouterScore kind,
                               int lane) {
  if (kind != RouterScore::softmax) {
    for (int e = lane; e < n; e += kWarpSize)
      scores[e] = kind == RouterScore::sigmoid ? 1.0f / (1.0f + expf(-logits[e]))
                                               : sqrtf(softplus(logits[e]));
    __syncwarp();
    return;
  }
  float largest = -FLT_MAX;
  for (int e = lane; e < n; e += kWarpSize) largest = fmaxf(largest, logits[e]);
  largest = warp_max(largest);
  float sum = 0.0f;
  for (int e = lane; e < n; e += kWarpSize) sum += scores[e] = expf(logits[e] - largest);
  sum = warp_sum(sum);
  for (int e = lane; e < n; e += kWarpSize) scores[e] /= sum;
  __syncwarp();
}

__device__ float group_score(const float* scores, int n, GroupScore kind) {
  float first = -INFINITY, second = -INFINITY;
  for (int i = 0; i < n; ++i) {
    if (scores[i] > first) {
      second = first;
      first = scores[i];
    } else if (scores[i] > second) {
      second = scores[i];
    }
  }
  return kind == GroupScore::max || n == 1 ? first : first + second;
}

/// Floats of shared memory: scores, what the choice goes by, scores of groups; then bytes: taken.
size_t storage_bytes(const engine::RouterConfig& c) {
  return (2 * c.n_experts + c.n_groups) * sizeof(float) + c.n_experts + c.n_groups;
}

__device__ void keep_best_groups(float* choice, float* group_scores, uint8_t* taken,
                                 const engine::RouterConfig& c, int lane) {
  const int size = c.n_experts / c.n_groups;
  for (int g = lane; g < c.n_groups; g += kWarpSize) {
    group_scores[g] = group_score(choice + g * size, size, c.group_score);
    taken[g] = 0;
  }
  __syncwarp();
  for (int i = 0; i < c.n_active_groups; ++i) take_best(group_scores, taken, c.n_groups, lane);
  const float masked = c.group_score == GroupScore::max ? 0.0f : -INFINITY;
  for (int e = lane; e < c.n_experts; e += kWarpSize)
    if (taken[e / size] == 0) choice[e] = masked;
  __syncwarp();
}

__global__ void route_kernel(RouteTask task) {
  wait_for_earlier_kernels();
  const engine::RouterConfig& c = task.config;
  const int lane = threadIdx.x;
  float* scores = &shared_storage<float>();
  float* choice = scores + c.n_experts;
  float* group_scores = choice + c.n_experts;
  auto* taken = reinterpret_cast<uint8_t*>(group_scores + c.n_groups);
  uint8_t* taken_groups = taken + c.n_experts;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * c.n_active;
  int32_t* experts = task.experts + first;

  compute_scores(scores, task.logits.data + blockIdx.x * task.logits.stride, c.n_experts, c.score,
                 lane);
  if (task.given != nullptr) {
    for (int i = lane; i < c.n_active; i += kWarpSize) experts[i] = task.given[first + i];
    __syncwarp();
  } else {
    for (int e = lane; e < c.n_experts; e += kWarpSize) {
      choice[e] = task.bias != nullptr ? scores[e] + task.bias[e] : scores[e];
      taken[e] = 0;
    }
    __syncwarp();
    if (c.n_active_groups < c.n_groups)
      keep_best_groups(choice, group_scores, taken_groups, c, lane);
    for (int i = 0; i < c.n_active; ++i) {
      const int expert = take_best(choice, taken, c.n_experts, lane);
      if (lane == 0) experts[i] = expert;
    }
    __syncwarp();
  }
  if (lane != 0) return;
  float sum = 0.0f;
  for (int i = 0; i < c.n_active; ++i) sum += scores[experts[i]];
  const float factor = c.normalise ? c.scale / (sum + 1e-20f) : c.scale;
  for (int i = 0; i < c.n_active; ++i) task.weights[first + i] = scores[experts[i]] * factor;
}

}  // namespace

void launch_route(Queue& queue, const RouteTask& task) {
  queue.launch({dim3(task.logits.rows), dim3(kWarpSize), storage_bytes(task.config)}, route_kernel,
               task);
}

}  // namespace fathom::cuda
