#include "cuda/cuda_backend.h"

#include "cuda/device_backend.h"

namespace fathom::cuda {
namespace {

constexpr int kOldestMajor = 8;  // bf16 in tensor cores

std::string why_none(cudaError_t error) {
  if (error == cudaErrorInsufficientDriver)
    return "no NVIDIA driver, or one that is too old (CUDA 13 needs driver 580 or newer)";
  if (error == cudaErrorNoDevice) return "no NVIDIA GPU";
  return fmt::format("CUDA does not start: {}", cudaGetErrorString(error));
}

}  // namespace

Devices find_devices() {
  Devices found;
  int n = 0;
  const cudaError_t error = cudaGetDeviceCount(&n);
  if (error != cudaSuccess || n == 0) {
    found.remark = why_none(error == cudaSuccess ? cudaErrorNoDevice : error);
    return found;
  }
  for (int i = 0; i < n; ++i) {
    cudaDeviceProp properties;
    DeviceInfo info = {.index = i};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    if (properties.major < kOldestMajor) {
      found.remark = fmt::format("{} has compute capability {}.{}; fathom needs 8.0 or newer",
                                 properties.name, properties.major, properties.minor);
      continue;
    }
    size_t free = 0, total = 0;
    if (cudaSetDevice(i) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess) {
      found.remark = fmt::format("{} does not answer: {}", properties.name,
                                 cudaGetErrorString(cudaGetLastError()));
      continue;
    }
    info.name = properties.name;
    info.memory_bytes = total;
    info.free_bytes = free;
    info.compute_major = properties.major;
    info.compute_minor = properties.minor;
    info.n_multiprocessors = properties.multiProcessorCount;
    found.usable.push_back(std::move(info));
  }
  return found;
}

Result<std::unique_ptr<engine::Backend>> make_cuda_backend() {
  Devices devices = find_devices();
  if (devices.usable.empty())
    return fail(ErrorCode::unsupported, "there is no GPU to compute on: {}", devices.remark);
  DeviceInfo& device = devices.usable.front();
  if (const cudaError_t error = cudaSetDevice(device.index); error != cudaSuccess)
    return cuda_failure(error, fmt::format("choosing {}", device.name));
  auto backend = std::make_unique<DeviceBackend>(std::move(device));
  FATHOM_CHECK(backend->sync());
  return backend;
}

}  // namespace fathom::cuda
