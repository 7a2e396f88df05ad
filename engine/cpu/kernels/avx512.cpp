#define FATHOM_ISA avx512

#include "engine/cpu/kernels/table.h"

namespace fathom::engine::cpu {

constinit const Kernels kAvx512Kernels = avx512::kTable;

}  // namespace fathom::engine::cpu
