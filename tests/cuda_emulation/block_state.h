// What the checks of memory accesses (access_checks.cpp) know of the thread that runs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fathom::cuda::emulation {

struct BlockState {
  bool in_kernel = false;  // a thread of a kernel runs, not the host
  bool is_checked = true;  // its accesses are
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

}  // namespace fathom::cuda::emulation
