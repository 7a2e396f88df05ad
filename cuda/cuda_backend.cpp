#include "cuda/cuda_backend.h"

#include <algorithm>
#include <chrono>

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
    info.name = properties.name;
    info.memory_bytes = properties.totalGlobalMem;
    info.compute_major = properties.major;
    info.compute_minor = properties.minor;
    found.usable.push_back(std::move(info));
  }
  return found;
}

uint64_t free_memory_bytes(const DeviceInfo& device) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(device.index) != cudaSuccess) return 0;
  return cudaMemGetInfo(&free, &total) == cudaSuccess ? free : 0;
}

double measure_copy_bandwidth() {
  constexpr size_t kMostBytes = size_t{1} << 30;  // more than any cache of a device
  constexpr int kPasses = 20;
  const Devices devices = find_devices();
  if (devices.usable.empty()) return 0;
  const size_t size = std::min(kMostBytes, size_t{free_memory_bytes(devices.usable.front())} / 4);
  if (size == 0) return 0;
  const auto from = DeviceBuffer::allocate(size), to = DeviceBuffer::allocate(size);
  if (!from || !to) return 0;
  Queue queue;
  const auto copy = [&] {
    queue.note(
        cudaMemcpyAsync(to->data(), from->data(), size, cudaMemcpyDeviceToDevice, queue.stream()));
  };
  copy();
  queue.note(cudaStreamSynchronize(queue.stream()));
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < kPasses; ++i) copy();
  queue.note(cudaStreamSynchronize(queue.stream()));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  return queue.error() == cudaSuccess ? 2.0 * kPasses * double(size) / elapsed.count() : 0;
}

Result<std::unique_ptr<engine::Backend>> make_cuda_backend() {
  const Devices devices = find_devices();
  if (devices.usable.empty())
    return fail(ErrorCode::unsupported, "there is no GPU to compute on: {}", devices.remark);
  return make_cuda_backend(devices.usable.front());
}

Result<std::unique_ptr<engine::Backend>> make_cuda_backend(const DeviceInfo& device) {
  if (const cudaError_t error = cudaSetDevice(device.index); error != cudaSuccess)
    return cuda_failure(error, fmt::format("choosing {}", device.name));
  auto backend = std::make_unique<DeviceBackend>(device);
  FATHOM_CHECK(backend->sync());
  return backend;
}

}  // namespace fathom::cuda
