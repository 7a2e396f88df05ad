// Finds accesses to the same memory, one of them a write, that nothing orders: by two warps of a
// block without a barrier between them, or by two blocks of a grid.
//
// Threads: one at a time. Granules of two bytes, the smallest that kernels write side by side.

#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom::cuda::emulation {

enum class Access { read, write, atomic };

/// Notes an access of the thread that runs (block_state.h). True: it races with an earlier one.
bool note_access(uintptr_t address, size_t size, Access access);

}  // namespace fathom::cuda::emulation
