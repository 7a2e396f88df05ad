// The table of the instruction set that includes this (kernels.h). FATHOM_ISA is its namespace.

#pragma once

#include "engine/cpu/kernels/attend.h"
#include "engine/cpu/kernels/elementwise.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/matmul.h"

namespace fathom::engine::cpu::FATHOM_ISA {

constexpr Kernels kTable = {
    .matmul = {float_matmul<WeightF32>, float_matmul<WeightF16>, float_matmul<WeightBf16>, nullptr,
               quant_matmul<Q8_0>, quant_matmul<Q4_0>, nullptr, nullptr, nullptr, nullptr, nullptr,
               quant_matmul<Q4K>, quant_matmul<Q5K>, quant_matmul<Q6K>},
    .quantize = quantize,
    .rms_norm = rms_norm,
    .silu_mul = silu_mul,
    .attend = attend,
    .exp = exp,
};

}  // namespace fathom::engine::cpu::FATHOM_ISA
