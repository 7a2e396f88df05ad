// out[i] = row ids[i] of the table, the very numbers of the model file.
//
// table in its format, out f32 [n, dim]. A thread for 8 numbers of a row. Bound by latency.

#include "cuda/ops.h"
#include "cuda/weight_formats.h"
#include "cuda/weight_scales.h"
#include "cuda/with_format.h"

namespace fathom::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kPartsPerGroup = kUnitsPerGroup * 4;  // a unit's four threads

template <DType kType>
__global__ void embed_kernel(Tensor out, const int32_t* ids, WeightView table) {
  wait_for_earlier_kernels();
  constexpr ScaleKind kKind = format_of(kType).scales;
  const int part = blockIdx.y * kThreads + threadIdx.x;
  const int group = part / kPartsPerGroup;
  const int unit = part / 4 % kUnitsPerGroup, t = part % 4;
  if (group >= table.n_groups) return;
  const int id = ids[blockIdx.x];
  const UnitNumbers<kType> numbers =
      unit_numbers<kType>(load_numbers<kType>(table, id, group, t), unit);
  const GroupScales scales = load_scales<kKind>(table, id, group);
  float* row = out.data + blockIdx.x * out.stride;
  for (int p = 0; p < 4; ++p) {
    for (int i = 0; i < 2; ++i) {
      const int half = p / 2;
      const int column = group * kGroup + unit * kUnit + 16 * half + 4 * t + 2 * (p % 2) + i;
      if (column >= table.cols) continue;
      float number = i == 0 ? low_bf16(numbers.pairs[p]) : high_bf16(numbers.pairs[p]);
      if constexpr (UnitNumbers<kType>::kHasRest)
        number += i == 0 ? low_bf16(numbers.rest[p]) : high_bf16(numbers.rest[p]);
      if constexpr (kKind != ScaleKind::none)
        number = __fmul_rn(scale_of<kKind>(scales, unit, half), number);
      if constexpr (has_minima(kKind))
        number = __fsub_rn(number, minimum_of<kKind>(scales, unit, half));
      row[column] = number;
    }
  }
}

__global__ void embed_f32_kernel(Tensor out, const int32_t* ids, WeightView table) {
  wait_for_earlier_kernels();
  const int column = blockIdx.y * kThreads + threadIdx.x;
  if (column < table.cols)
    out.data[blockIdx.x * out.stride + column] = reinterpret_cast<const float*>(
        table.low)[static_cast<int64_t>(ids[blockIdx.x]) * table.cols + column];
}

using Kernel = void (*)(Tensor, const int32_t*, WeightView);

Kernel kernel_for(DType dtype) {
  if (dtype == DType::f32) return embed_f32_kernel;
  return with_format(dtype, [](auto format) -> Kernel { return embed_kernel<format()>; });
}

}  // namespace

void launch_embed(Queue& queue, DType dtype, Tensor out, const int32_t* ids,
                  const WeightView& table) {
  const int n = dtype == DType::f32 ? table.cols : table.n_groups * kPartsPerGroup;
  queue.launch({dim3(out.rows, ceil_div(n, kThreads)), dim3(kThreads)}, kernel_for(dtype), out, ids,
               table);
}

}  // namespace fathom::cuda
