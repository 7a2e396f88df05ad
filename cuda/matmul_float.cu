// Matrix products of float weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::f16>;
template struct MatmulKernels<engine::DType::bf16>;
template struct MatmulKernels<engine::DType::f8_e4m3>;

}  // namespace fathom::cuda
