// Matrix products of iq4 weights: the kernels of matmul_small.h and matmul_large.h.

#include "cuda/matmul_kernels.h"

namespace fathom::cuda {

template struct MatmulKernels<engine::DType::iq4_nl>;
template struct MatmulKernels<engine::DType::iq4_xs>;

}  // namespace fathom::cuda
