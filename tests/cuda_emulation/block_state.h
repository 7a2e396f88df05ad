// What the checks of memory accesses (access_checks.cpp) know of the thread that runs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fathom::cuda::emulation {

struct BlockState {
  int device = 0;
  bool is_checked = true;  // accesses are
  uint32_t launch = 0;     // counts grids
  uint64_t block = 0;      // index within the grid
  uint32_t epoch = 0;      // counts barriers and blocks
  int warp = 0;
  std::span<const std::byte> stack;
  std::span<const std::byte> shared;
};

inline BlockState& block_state() {
  static constinit BlockState state;
  return state;
}

/// Whether this thread of the host runs a thread of a kernel.
inline thread_local constinit bool in_kernel = false;

}  // namespace fathom::cuda::emulation
