#define FATHOM_ISA avx2

#include "engine/cpu/kernels/table.h"

namespace fathom::engine::cpu {

constinit const Kernels kAvx2Kernels = avx2::kTable;

}  // namespace fathom::engine::cpu
