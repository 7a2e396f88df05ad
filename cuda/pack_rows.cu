// packed[r] = round_to_bf16(x[r]) in the order of weight_view.h; sums of 16 neighbours.
//
// x f32 [rows, heads, dim], packed bf16. No aliasing. Bound by memory: 4 bytes in, 2.25 out for
// each number. Sums in f32: 4 numbers in each lane, then over 4 lanes.

#include "cuda/device.h"
#include "cuda/gate.h"
#include "cuda/pack_numbers.h"

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

/// A warp for each group of a row.
template <class Row>
__global__ void pack_rows_kernel(PackedRows out, Row row_of, int n_rows, int cols) {
  wait_for_earlier_kernels();
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize;
  if (warp >= static_cast<int64_t>(n_rows) * out.n_groups) return;
  const int row = static_cast<int>(warp / out.n_groups);
  pack_group(out, row, static_cast<int>(warp % out.n_groups), cols,
             [&](int column) { return row_of.at(row, column); });
}

template <class Row>
void pack(Queue& queue, const PackedRows& to, const Row& row_of, int n_rows, int cols) {
  const int64_t n_warps = static_cast<int64_t>(n_rows) * to.n_groups;
  queue.launch({.blocks = dim3(static_cast<unsigned>((n_warps + kWarps - 1) / kWarps)),
                .threads = dim3(kWarps * kWarpSize)},
               pack_rows_kernel<Row>, to, row_of, n_rows, cols);
}

}  // namespace

void pack_rows(Queue& queue, const PackedRows& to, engine::Heads x) {
  pack(queue, to, PlainRow{x}, x.rows * x.n_heads, x.dim);
}

void pack_gated_rows(Queue& queue, const PackedRows& to, engine::Tensor gate, engine::Tensor up,
                     float limit) {
  pack(queue, to, GatedRow{gate, up, limit}, gate.rows, gate.cols);
}

}  // namespace fathom::cuda
