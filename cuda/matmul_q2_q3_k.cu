// Matrix products of q2_q3_k weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::q2_k>;
template struct MatmulKernels<engine::DType::q3_k>;

}  // namespace fathom::cuda
