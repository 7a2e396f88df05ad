// Matrix products of q4_k weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::q4_k>;

}  // namespace fathom::cuda
