// What AVX-512 with VNNI does, but products with quantised weights: of many rows in tiles of AMX,
// of few with every line of the weights asked for ahead.

#define FATHOM_ISA amx
#define FATHOM_ISA_VNNI

#include "engine/cpu/kernels/amx_matmul.h"

namespace fathom::engine::cpu {
namespace {

template <class Format>
void use_tiles(Kernels& kernels, DType dtype) {
  kernels.matmul[static_cast<int>(dtype)] = amx::quant_matmul_in_tiles<Format>;
}

Kernels make_kernels() {
  Kernels kernels = kAvx512VnniKernels;
  use_tiles<amx::Q8_0>(kernels, DType::q8_0);
  use_tiles<amx::Q4_0>(kernels, DType::q4_0);
  use_tiles<amx::Q4_1>(kernels, DType::q4_1);
  use_tiles<amx::Q5_0>(kernels, DType::q5_0);
  use_tiles<amx::Q5_1>(kernels, DType::q5_1);
  use_tiles<amx::Q2K>(kernels, DType::q2_k);
  use_tiles<amx::Q3K>(kernels, DType::q3_k);
  use_tiles<amx::Q4K>(kernels, DType::q4_k);
  use_tiles<amx::Q5K>(kernels, DType::q5_k);
  use_tiles<amx::Q6K>(kernels, DType::q6_k);
  use_tiles<amx::Iq4Nl>(kernels, DType::iq4_nl);
  use_tiles<amx::Iq4Xs>(kernels, DType::iq4_xs);
  use_tiles<amx::Mxfp4>(kernels, DType::mxfp4);
  kernels.max_x_bytes = 4 * 1024 * 1024;  // it is the unpacked weights that stay
  kernels.multiply = amx::multiply_full_tiles;
  return kernels;
}

}  // namespace

const Kernels kAmxKernels = make_kernels();

}  // namespace fathom::engine::cpu
