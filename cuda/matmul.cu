#include "cuda/matmul.h"
#include "engine/base/assert.h"

namespace fathom::cuda {
namespace {

using engine::DType;

struct Launchers {
  void (*small)(Queue&, const MatmulTask&, const MatmulTask*);
  void (*large)(Queue&, const MatmulTask&);
};

template <DType kType>
constexpr Launchers launchers_of() {
  return {MatmulKernels<kType>::launch_small, MatmulKernels<kType>::launch_large};
}

Launchers launchers_for(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return launchers_of<DType::f16>();
    case DType::bf16:
      return launchers_of<DType::bf16>();
    case DType::f8_e4m3:
      return launchers_of<DType::f8_e4m3>();
    case DType::q8_0:
      return launchers_of<DType::q8_0>();
    case DType::q4_0:
      return launchers_of<DType::q4_0>();
    case DType::q4_1:
      return launchers_of<DType::q4_1>();
    case DType::q5_0:
      return launchers_of<DType::q5_0>();
    case DType::q5_1:
      return launchers_of<DType::q5_1>();
    case DType::q2_k:
      return launchers_of<DType::q2_k>();
    case DType::q3_k:
      return launchers_of<DType::q3_k>();
    case DType::q4_k:
      return launchers_of<DType::q4_k>();
    case DType::q5_k:
      return launchers_of<DType::q5_k>();
    case DType::q6_k:
      return launchers_of<DType::q6_k>();
    case DType::iq4_nl:
      return launchers_of<DType::iq4_nl>();
    case DType::iq4_xs:
      return launchers_of<DType::iq4_xs>();
    case DType::mxfp4:
      return launchers_of<DType::mxfp4>();
    case DType::f32:
      break;  // has a kernel of its own
  }
  FATHOM_ASSERT(false);
  return {};
}

int tile_rows_of(const MatmulTask& task) {
  return is_chosen(task.choice) ? task.choice.tile_rows : tile_rows_for(task.n_rows);
}

}  // namespace

// A tile of kLargeTile that is mostly empty costs more than reading the weights again from the L2
// cache.
int tile_rows_for(int n_rows) { return n_rows > kLargeTile / 2 ? kLargeTile : kSmallTile; }

void launch_matmul(Queue& queue, DType dtype, const MatmulTask& task) {
  if (dtype == DType::f32) return launch_matmul_f32(queue, task);
  const Launchers launchers = launchers_for(dtype);
  if (tile_rows_of(task) == kLargeTile) return launchers.large(queue, task);
  launchers.small(queue, task, nullptr);
}

void launch_matmul_pair(Queue& queue, DType dtype, const MatmulTask& first,
                        const MatmulTask& second) {
  if (dtype != DType::f32 && tile_rows_of(first) != kLargeTile)
    return launchers_for(dtype).small(queue, first, &second);
  launch_matmul(queue, dtype, first);
  launch_matmul(queue, dtype, second);
}

}  // namespace fathom::cuda
