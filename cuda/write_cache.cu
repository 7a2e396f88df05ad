// cache[slots[i]] columns [column, column + x.cols) = x[i], in the type of the cache.
//
// x f32, cache f32, bf16 or q8_0. A warp for each 32 numbers. Bound by memory: 4 bytes in, 1 to 4
// out.

#include "cuda/cache_writer.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kWarps = 4;

__global__ void write_cache_kernel(CacheRows cache, const int32_t* slots, Tensor x, int column) {
  wait_for_earlier_kernels();
  const int first = (blockIdx.y * kWarps + threadIdx.x / kWarpSize) * kWarpSize;
  if (first >= x.cols) return;
  write_to_cache(cache, slots[blockIdx.x], column, x.data + blockIdx.x * x.stride, x.cols, first,
                 threadIdx.x % kWarpSize);
}

}  // namespace

void launch_write_cache(Queue& queue, CacheRows cache, const int32_t* slots, Tensor x, int column) {
  queue.launch({dim3(x.rows, ceil_div(x.cols, kWarps * kWarpSize)), dim3(kWarps * kWarpSize)},
               write_cache_kernel, cache, slots, x, column);
}

}  // namespace fathom::cuda
