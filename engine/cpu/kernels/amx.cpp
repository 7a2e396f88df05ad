// What AVX-512 with VNNI does, but products of many rows with quantised weights in tiles of AMX.

#define FATHOM_ISA amx
#define FATHOM_ISA_VNNI

#include "engine/cpu/kernels/amx_matmul.h"

namespace fathom::engine::cpu {
namespace {

template <DType kDType, class Format>
void use_tiles(Kernels& kernels) {
  kernels.matmul[static_cast<int>(kDType)] = amx::quant_matmul_in_tiles<Format, kDType>;
}

Kernels make_kernels() {
  Kernels kernels = kAvx512VnniKernels;
  use_tiles<DType::q8_0, amx::Q8_0>(kernels);
  use_tiles<DType::q4_0, amx::Q4_0>(kernels);
  use_tiles<DType::q4_1, amx::Q4_1>(kernels);
  use_tiles<DType::q5_0, amx::Q5_0>(kernels);
  use_tiles<DType::q5_1, amx::Q5_1>(kernels);
  use_tiles<DType::q2_k, amx::Q2K>(kernels);
  use_tiles<DType::q3_k, amx::Q3K>(kernels);
  use_tiles<DType::q4_k, amx::Q4K>(kernels);
  use_tiles<DType::q5_k, amx::Q5K>(kernels);
  use_tiles<DType::q6_k, amx::Q6K>(kernels);
  use_tiles<DType::iq4_nl, amx::Iq4Nl>(kernels);
  use_tiles<DType::iq4_xs, amx::Iq4Xs>(kernels);
  use_tiles<DType::mxfp4, amx::Mxfp4>(kernels);
  kernels.max_x_bytes = 4 * 1024 * 1024;  // it is the unpacked weights that stay
  kernels.multiply = amx::multiply_full_tiles;
  return kernels;
}

}  // namespace

const Kernels kAmxKernels = make_kernels();

}  // namespace fathom::engine::cpu
