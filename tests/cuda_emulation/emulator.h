// Runs CUDA kernels on the host: a fiber for each thread of a block, one block after another.
//
// What a kernel may ask of the device is here (barriers, exchanges within a warp, shared memory);
// cuda_runtime.h gives it CUDA's names. A kernel that breaks the rules ends its grid with an error
// that names kernel, block and thread:
//   - threads of a block at different barriers, or at one that others have left the kernel without
//   - lanes of a warp at different exchanges
//   - an access outside shared memory and device memory (device_memory.h), and a race between warps
//     of a block, or between blocks (race_detector.h)
// Blocks run in an order that is mixed anew for each grid, and so do the warps of a block: a kernel
// that depends on the order fails.
//
// Threads: one thread of the host at a time: see hold().

#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace fathom::cuda::emulation {

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct Grid {
  dim3 blocks;
  dim3 threads;  // a multiple of 32 of them
  size_t shared_bytes = 0;
  int device = 0;
};

/// A kernel and its arguments.
struct Call {
  void (*thread)(const void* arguments);
  const void* arguments;
};
/// Held by the thread of the host that uses the emulation. The functions of runtime_api.h do so.
std::unique_lock<std::mutex> hold();

/// Makes the call once for each thread of the grid. Returns "" or what went wrong.
std::string run(const Grid& grid, const Call& call);

// What follows is for threads of a kernel.

struct ThreadPlace {
  dim3 thread_idx, block_idx, block_dim, grid_dim;
};
/// Of the thread that runs; always the same object.
const ThreadPlace& place();

/// Where in a kernel's source something is asked for.
struct Site {
  const char* what = "";
  int line = 0;
  bool operator==(const Site&) const = default;
};

/// __syncthreads().
void barrier(Site site);

inline constexpr size_t kMaxPayload = 64;
/// Each lane of the warp brings `size` bytes; returns those of all, kMaxPayload apart, valid until
/// the lane's next exchange. Everything in a warp that needs other lanes is made of this.
/// `combine`, the same of all lanes, may change the payloads once all are there.
const std::byte* exchange(Site site, const void* payload, size_t size,
                          void (*combine)(std::byte* payloads) = nullptr);

/// The block's dynamic shared memory.
std::byte* shared_memory();

/// Ends the grid with an error.
[[noreturn]] void fail_kernel(const std::string& what);

}  // namespace fathom::cuda::emulation
