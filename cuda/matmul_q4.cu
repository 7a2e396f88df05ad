// Matrix products of q4 weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::q4_0>;
template struct MatmulKernels<engine::DType::q4_1>;
template struct MatmulKernels<engine::DType::mxfp4>;

}  // namespace fathom::cuda
