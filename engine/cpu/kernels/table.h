// The table of the instruction set that includes this (kernels.h). FATHOM_ISA is its namespace.

#pragma once

#include "engine/cpu/kernels/attend.h"
#include "engine/cpu/kernels/elementwise.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/matmul.h"
#include "engine/cpu/kernels/peak.h"

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr Kernels kTable = {
    .matmul = {float_matmul<WeightF32>, float_matmul<WeightF16>, float_matmul<WeightBf16>,
               float_matmul<WeightF8>, quant_matmul<Q8_0>, quant_matmul<Q4_0>, quant_matmul<Q4_1>,
               quant_matmul<Q5_0>, quant_matmul<Q5_1>, quant_matmul<Q2K>, quant_matmul<Q3K>,
               quant_matmul<Q4K>, quant_matmul<Q5K>, quant_matmul<Q6K>, quant_matmul<Iq4Nl>,
               quant_matmul<Iq4Xs>, quant_matmul<Mxfp4>},
    .max_x_bytes = 256 * 1024,  // beside a panel
    .quantize = quantize,
    .rms_norm = rms_norm,
    .silu_mul = silu_mul,
    .attend = {attend<RowF32>, attend<RowBf16>, attend<RowQ8>},
    .widen = {widen<RowF32>, widen<RowBf16>, widen<RowQ8>},
    .exp = exp,
    .multiply = multiply,
};

}  // namespace fathom::engine::cpu::FATHOM_ISA
