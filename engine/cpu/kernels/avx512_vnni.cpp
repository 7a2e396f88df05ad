#define FATHOM_ISA avx512_vnni
#define FATHOM_ISA_VNNI

#include "engine/cpu/kernels/table.h"

namespace fathom::engine::cpu {

constinit const Kernels kAvx512VnniKernels = avx512_vnni::kTable;

}  // namespace fathom::engine::cpu
