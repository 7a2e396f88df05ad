// Matrix products of q5 weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::q5_0>;
template struct MatmulKernels<engine::DType::q5_1>;

}  // namespace fathom::cuda
