// packed[r] = round_to_bf16(x[r]) in the order of weight_view.h; sums of 16 neighbours.
//
// x f32 [rows, heads, dim], packed bf16. No aliasing. Bound by memory: 4 bytes in, 2.25 out for
// each number. Sums in f32: 4 numbers in each lane, then over 4 lanes.

#include "cuda/device.h"
#include "cuda/gate.h"
#include "cuda/packed_rows.h"

namespace fathom::cuda {
namespace {

constexpr int kWarps = 4;

struct PlainRow {
  engine::Heads x;

  __device__ float at(int row, int column) const {
    return x.data[row / x.n_heads * x.row_stride +
                  static_cast<int64_t>(row % x.n_heads) * x.head_stride + column];
  }
};

struct GatedRow {
  engine::Tensor gate, up;
  float limit;

  __device__ float at(int row, int column) const {
    return silu_mul(gate.data[row * gate.stride + column], up.data[row * up.stride + column],
                    limit);
  }
};

/// A warp for each group of a row: lane l has columns 4 l to 4 l + 3.
template <class Row>
__global__ void pack_rows_kernel(PackedRows out, Row row_of, int n_rows, int cols) {
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize;
  const int lane = threadIdx.x % kWarpSize;
  if (warp >= static_cast<int64_t>(n_rows) * out.n_groups) return;
  const int row = static_cast<int>(warp / out.n_groups);
  const int column = static_cast<int>(warp % out.n_groups) * kGroup + 4 * lane;

  float x[4];
  for (int i = 0; i < 4; ++i) x[i] = column + i < cols ? row_of.at(row, column + i) : 0.0f;
  const uint32_t first = to_bf16x2(x[0], x[1]);
  const uint32_t second = to_bf16x2(x[2], x[3]);

  const int unit = lane / 8, half = lane / 4 % 2, t = lane % 4;
  auto* words = reinterpret_cast<uint2*>(out.numbers + (warp * kUnitsPerGroup + unit) * 4 + t);
  words[half] = {first, second};

  float sum = (low_bf16(first) + high_bf16(first)) + (low_bf16(second) + high_bf16(second));
  sum += __shfl_xor_sync(kFullWarp, sum, 1);
  sum += __shfl_xor_sync(kFullWarp, sum, 2);
  if (t == 0) out.sums[(warp * kUnitsPerGroup + unit) * 2 + half] = sum;
}

template <class Row>
PackedRows pack(Queue& queue, void* memory, const Row& row_of, int n_rows, int cols) {
  const int n_groups = ceil_div(cols, kGroup);
  auto* numbers = static_cast<uint4*>(memory);
  const int64_t n_units = static_cast<int64_t>(n_rows) * n_groups * kUnitsPerGroup;
  const PackedRows packed = {numbers, reinterpret_cast<float*>(numbers + n_units * 4), n_groups};
  const int64_t n_warps = static_cast<int64_t>(n_rows) * n_groups;
  queue.launch({.blocks = dim3(static_cast<unsigned>((n_warps + kWarps - 1) / kWarps)),
                .threads = dim3(kWarps * kWarpSize)},
               pack_rows_kernel<Row>, packed, row_of, n_rows, cols);
  return packed;
}

}  // namespace

PackedRows pack_rows(Queue& queue, void* memory, engine::Heads x) {
  return pack(queue, memory, PlainRow{x}, x.rows * x.n_heads, x.dim);
}

PackedRows pack_gated_rows(Queue& queue, void* memory, engine::Tensor gate, engine::Tensor up,
                           float limit) {
  return pack(queue, memory, GatedRow{gate, up, limit}, gate.rows, gate.cols);
}

}  // namespace fathom::cuda
