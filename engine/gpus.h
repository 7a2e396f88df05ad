// The GPUs of a machine, for models that take several of them.
//
// Threads: any.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/parallel/communicator.h"

namespace fathom::engine {

struct GpuMemory {
  std::string name;
  uint64_t free_bytes = 0;
};

/// As functions, for tests have machines of their own. A GPU is its index in find()'s result.
struct Gpus {
  /// Starts them, which takes some tenths of a second.
  std::function<std::vector<GpuMemory>()> find;
  /// Errors: unsupported, out_of_memory, device_lost.
  std::function<Result<std::unique_ptr<Backend>>(int gpu)> make_backend;
  /// One end for each backend. Errors: unsupported (there is nothing that joins them; the message
  /// says what to install), device_lost.
  std::function<Result<std::vector<std::unique_ptr<Communicator>>>(std::span<Backend* const>)> join;
};

/// This machine's; joined by NCCL.
Gpus gpus_here();

}  // namespace fathom::engine
