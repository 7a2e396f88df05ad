// cache[slots[i]] columns [column, column + x.cols) = x[i], in the type of the cache.
//
// x f32, cache f32, bf16 or q8_0 (rounded as engine/quant/quantize.h does: the same bits). A warp
// for each 32 numbers. Bound by memory: 4 bytes in, 1 to 4 out.

#include "cuda/device.h"
#include "cuda/ops.h"

namespace fathom::cuda {
namespace {

constexpr int kWarps = 4;

__device__ void write_q8_0(std::byte* block, float x, int lane) {
  const float largest = warp_max(fabsf(x));
  const float d = largest / 127;
  const float inverse = d >= 0x1p-126f ? 1.0f / d : 0.0f;  // as the host's
  auto* numbers = reinterpret_cast<int8_t*>(block + 2);
  numbers[lane] = static_cast<int8_t>(static_cast<int>(roundf(x * inverse)));
  if (lane == 0) *reinterpret_cast<uint16_t*>(block) = f32_to_f16(d);
}

__global__ void write_cache_kernel(CacheRows cache, const int32_t* slots, Tensor x, int column) {
  const int lane = threadIdx.x % kWarpSize;
  const int first = (blockIdx.y * kWarps + threadIdx.x / kWarpSize) * kWarpSize;
  if (first >= x.cols) return;
  std::byte* row = cache.data + slots[blockIdx.x] * cache.stride;
  const int i = first + lane;
  const float number = i < x.cols ? x.data[blockIdx.x * x.stride + i] : 0.0f;
  if (cache.dtype == DType::q8_0) {
    write_q8_0(row + (column + first) / 32 * 34, number, lane);
  } else if (i < x.cols) {
    if (cache.dtype == DType::f32)
      reinterpret_cast<float*>(row)[column + i] = number;
    else
      reinterpret_cast<uint16_t*>(row)[column + i] = static_cast<uint16_t>(to_bf16x2(number, 0.0f));
  }
}

}  // namespace

void launch_write_cache(Queue& queue, CacheRows cache, const int32_t* slots, Tensor x, int column) {
  queue.launch({dim3(x.rows, ceil_div(x.cols, kWarps * kWarpSize)), dim3(kWarps * kWarpSize)},
               write_cache_kernel, cache, slots, x, column);
}

}  // namespace fathom::cuda
