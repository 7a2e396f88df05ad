// cuda_backend.h and nccl_communicator.h of a program that was built without CUDA.

#include "cuda/cuda_backend.h"
#include "cuda/nccl_communicator.h"

namespace fathom::cuda {

Devices find_devices() { return {.usable = {}, .remark = "this fathom was built without CUDA"}; }

uint64_t free_memory_bytes(const DeviceInfo&) { return 0; }

double measure_copy_bandwidth() { return 0; }

Result<std::unique_ptr<engine::Backend>> make_cuda_backend() {
  return fail(ErrorCode::unsupported, "there is no GPU to compute on: {}", find_devices().remark);
}

Result<std::vector<std::unique_ptr<engine::Communicator>>> make_nccl_communicators(
    std::span<engine::Backend* const>, const NcclOptions&) {
  return fail(ErrorCode::unsupported, "there are no GPUs to join: {}", find_devices().remark);
}

Result<std::string> nccl_version() {
  return fail(ErrorCode::unsupported, "{}", find_devices().remark);
}

Result<std::unique_ptr<engine::Backend>> make_cuda_backend(const DeviceInfo&) {
  return make_cuda_backend();
}

}  // namespace fathom::cuda
