// Matrix products of q5_k weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::q5_k>;

}  // namespace fathom::cuda
