// cuda_backend.h of a program that was built without CUDA.

#include "cuda/cuda_backend.h"

namespace fathom::cuda {

Devices find_devices() { return {.usable = {}, .remark = "this fathom was built without CUDA"}; }

uint64_t free_memory_bytes(const DeviceInfo&) { return 0; }

double measure_copy_bandwidth() { return 0; }

Result<std::unique_ptr<engine::Backend>> make_cuda_backend() {
  return fail(ErrorCode::unsupported, "there is no GPU to compute on: {}", find_devices().remark);
}

}  // namespace fathom::cuda
