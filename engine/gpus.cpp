#include "engine/gpus.h"

#include "cuda/cuda_backend.h"
#include "cuda/nccl_communicator.h"

namespace fathom::engine {

Gpus gpus_here() {
  return {.find =
              [] {
                std::vector<GpuMemory> gpus;
                for (const cuda::DeviceInfo& device : cuda::find_devices().usable)
                  gpus.push_back({device.name, cuda::free_memory_bytes(device)});
                return gpus;
              },
          .make_backend =
              [](int gpu) { return cuda::make_cuda_backend(cuda::find_devices().usable.at(gpu)); },
          .join =
              [](std::span<Backend* const> backends) {
                return cuda::make_nccl_communicators(backends);
              }};
}

}  // namespace fathom::engine
