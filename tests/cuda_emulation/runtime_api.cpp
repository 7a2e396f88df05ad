#include "tests/cuda_emulation/runtime_api.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tests/cuda_emulation/cuda_runtime.h"
#include "tests/cuda_emulation/device_memory.h"

const dim3& threadIdx = fathom::cuda::emulation::place().thread_idx;
const dim3& blockIdx = fathom::cuda::emulation::place().block_idx;
const dim3& blockDim = fathom::cuda::emulation::place().block_dim;
const dim3& gridDim = fathom::cuda::emulation::place().grid_dim;

struct EmulatedGraph {
  std::vector<std::function<cudaError_t()>> calls;
};

struct EmulatedStream {
  std::unique_ptr<EmulatedGraph> recorded;  // null: nothing is
};

namespace fathom::cuda::emulation {
namespace {

std::string& kernel_error() {
  static std::string error;
  return error;
}

cudaError_t sticky() { return kernel_error().empty() ? cudaSuccess : cudaErrorIllegalAddress; }

bool is_device(const void* data, size_t size) {
  return find_allocation(reinterpret_cast<uintptr_t>(data), size).size > 0;
}

}  // namespace

cudaError_t on_stream(cudaStream_t stream, std::function<cudaError_t()> call) {
  if (stream == nullptr || !stream->recorded) return call();
  stream->recorded->calls.push_back(std::move(call));
  return cudaSuccess;
}

cudaError_t launched(const std::string& error) {
  if (kernel_error().empty()) kernel_error() = error;
  return sticky();
}

std::string take_kernel_error() { return std::exchange(kernel_error(), ""); }

int lane() {
  const ThreadPlace& at = place();
  const unsigned index =
      at.thread_idx.x + at.block_dim.x * (at.thread_idx.y + at.block_dim.y * at.thread_idx.z);
  return static_cast<int>(index % 32);
}

void check_mask(uint32_t mask) {
  if (mask != ~0u) fail_kernel("an exchange of a part of a warp");
}

uint32_t ballot(Site site, uint32_t mask, bool predicate) {
  check_mask(mask);
  const auto* votes = exchange(site, &predicate, sizeof(predicate));
  uint32_t result = 0;
  for (int i = 0; i < 32; ++i) result |= static_cast<uint32_t>(votes[i * kMaxPayload]) << i;
  return result;
}

}  // namespace fathom::cuda::emulation

namespace emulation = fathom::cuda::emulation;

float atomicAdd(float* at, float value) {
  emulation::check_access(at, sizeof(*at), emulation::Access::atomic, __builtin_return_address(0));
  return std::exchange(*at, *at + value);
}

int atomicAdd(int* at, int value) {
  emulation::check_access(at, sizeof(*at), emulation::Access::atomic, __builtin_return_address(0));
  return std::exchange(*at, *at + value);
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidValue; }

cudaError_t cudaDeviceReset() {
  emulation::take_kernel_error();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "emulated device");
  properties->totalGlobalMem = emulation::device_memory_limit();
  properties->major = 8;
  properties->multiProcessorCount = 4;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = emulation::device_memory_limit();
  *free = *total - emulation::device_memory_used();
  return emulation::sticky();
}

cudaError_t cudaMalloc(void** data, size_t size) {
  if (emulation::sticky() != cudaSuccess) return emulation::sticky();
  *data = emulation::allocate_device(size);
  return *data != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void* data) {
  return data == nullptr || emulation::free_device(data) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMallocHost(void** data, size_t size) {
  *data = std::malloc(size);
  return *data != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* data) {
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (emulation::sticky() != cudaSuccess) return emulation::sticky();
  const bool to_device = kind != cudaMemcpyDeviceToHost;
  const bool from_device = kind != cudaMemcpyHostToDevice;
  if (emulation::is_device(to, size) != to_device ||
      emulation::is_device(from, size) != from_device)
    return cudaErrorInvalidValue;
  return emulation::on_stream(stream, [=] {
    std::memcpy(to, from, size);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* data, int value, size_t size, cudaStream_t stream) {
  if (emulation::sticky() != cudaSuccess) return emulation::sticky();
  if (!emulation::is_device(data, size)) return cudaErrorInvalidValue;
  return emulation::on_stream(stream, [=] {
    std::memset(data, value, size);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new EmulatedStream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return stream->recorded ? cudaErrorStreamCaptureUnsupported : emulation::sticky();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->recorded) return cudaErrorInvalidValue;
  stream->recorded = std::make_unique<EmulatedGraph>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = stream->recorded.release();
  return *graph != nullptr ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  *made = new EmulatedGraph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t) {
  cudaError_t error = emulation::sticky();
  for (const auto& call : graph->calls)
    if (error == cudaSuccess) error = call();
  return error;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return cudaGraphDestroy(graph); }

cudaError_t cudaGetLastError() { return emulation::sticky(); }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorIllegalAddress:
      return emulation::kernel_error().c_str();
    default:
      return "invalid argument";
  }
}
