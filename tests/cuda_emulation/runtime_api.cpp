#include "tests/cuda_emulation/runtime_api.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tests/cuda_emulation/cuda_runtime.h"
#include "tests/cuda_emulation/device_memory.h"

const dim3& threadIdx = fathom::cuda::emulation::place().thread_idx;
const dim3& blockIdx = fathom::cuda::emulation::place().block_idx;
const dim3& blockDim = fathom::cuda::emulation::place().block_dim;
const dim3& gridDim = fathom::cuda::emulation::place().grid_dim;

struct EmulatedEvent {
  cudaStream_t stream = nullptr;
  std::shared_ptr<bool> has_come = std::make_shared<bool>(true);
};

namespace fathom::cuda::emulation {
namespace {

struct Devices {
  int n = 1;
  std::array<std::string, kMaxDevices> errors;  // of kernels
};

Devices& devices() {
  static Devices all;
  return all;
}

thread_local int chosen_device = 0;

std::string& kernel_error(int device) { return devices().errors.at(device); }

cudaError_t sticky(int device) {
  return kernel_error(device).empty() ? cudaSuccess : cudaErrorIllegalAddress;
}
cudaError_t sticky() { return sticky(chosen_device); }

Allocation allocation_of(const void* data, size_t size) {
  const auto held = hold();
  return find_allocation(reinterpret_cast<uintptr_t>(data), size);
}
bool is_device(const void* data, size_t size) { return allocation_of(data, size).size > 0; }

/// Sizes of pinned memory, by where it begins.
std::map<const std::byte*, size_t>& pinned() {
  static std::map<const std::byte*, size_t> all;
  return all;
}

bool is_pinned(const void* data, size_t size) {
  const auto held = hold();
  const auto* at = static_cast<const std::byte*>(data);
  auto after = pinned().upper_bound(at);
  if (after == pinned().begin()) return false;
  const auto& [begin, length] = *--after;
  return static_cast<size_t>(at - begin) + size <= length;
}

std::vector<cudaStream_t>& streams() {
  static std::vector<cudaStream_t> all;
  return all;
}

/// Does the next thing on the stream. Nothing is done after an error.
void advance(cudaStream_t stream) {
  const EmulatedCall call = std::move(stream->queued.front());
  stream->queued.pop_front();
  if (sticky(stream->device) == cudaSuccess) (void)call();
}

void finish(cudaStream_t stream) {
  while (!stream->queued.empty()) advance(stream);
}

std::vector<cudaStream_t> streams_of(int device) {
  const auto held = hold();
  std::vector<cudaStream_t> own;
  for (cudaStream_t stream : streams())
    if (stream->device == device) own.push_back(stream);
  return own;
}

}  // namespace

cudaError_t on_stream(cudaStream_t stream, std::function<cudaError_t()> call) {
  if (stream->recorded)
    stream->recorded->calls->push_back(std::move(call));
  else
    stream->queued.push_back(std::move(call));
  return sticky(stream->device);
}

cudaError_t launched(const std::string& error, int device) {
  if (kernel_error(device).empty()) kernel_error(device) = error;
  return sticky(device);
}

std::string take_kernel_error() { return std::exchange(kernel_error(chosen_device), ""); }

void set_device_count(int n) { devices().n = n; }
int current_device() { return chosen_device; }
bool is_of_current_device(cudaStream_t stream) { return stream->device == chosen_device; }

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

namespace {

cudaError_t sticky(cudaStream_t stream) { return emulation::sticky(stream->device); }

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  *count = emulation::devices().n;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= emulation::devices().n) return cudaErrorInvalidDevice;
  emulation::chosen_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = emulation::current_device();
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() {
  for (cudaStream_t stream : emulation::streams_of(emulation::current_device()))
    stream->queued.clear();
  emulation::take_kernel_error();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  std::strcpy(properties->name, "emulated device");
  properties->totalGlobalMem = emulation::device_memory_limit(device);
  properties->major = 8;
  properties->multiProcessorCount = 4;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const auto held = emulation::hold();
  const int device = emulation::current_device();
  *total = emulation::device_memory_limit(device);
  *free = *total - emulation::device_memory_used(device);
  return emulation::sticky();
}

cudaError_t cudaMalloc(void** data, size_t size) {
  if (emulation::sticky() != cudaSuccess) return emulation::sticky();
  const auto held = emulation::hold();
  *data = emulation::allocate_device(size, emulation::current_device());
  return *data != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void* data) {
  if (data == nullptr) return cudaSuccess;
  const int device = emulation::allocation_of(data, 0).device;
  std::ranges::for_each(emulation::streams_of(device), emulation::finish);
  const auto held = emulation::hold();
  return emulation::free_device(data) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMallocHost(void** data, size_t size) {
  *data = std::malloc(size);
  if (*data == nullptr) return cudaErrorMemoryAllocation;
  const auto held = emulation::hold();
  emulation::pinned().emplace(static_cast<std::byte*>(*data), size);
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* data) {
  const auto held = emulation::hold();
  emulation::pinned().erase(static_cast<std::byte*>(data));
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (sticky(stream) != cudaSuccess) return sticky(stream);
  const bool to_device = kind != cudaMemcpyDeviceToHost;
  const bool from_device = kind != cudaMemcpyHostToDevice;
  if (emulation::is_device(to, size) != to_device ||
      emulation::is_device(from, size) != from_device)
    return cudaErrorInvalidValue;
  const cudaError_t error = emulation::on_stream(stream, [=] {
    std::memcpy(to, from, size);
    return cudaSuccess;
  });
  // Memory of the host that is not pinned is copied before this returns.
  const void* host = to_device ? from : to;
  const bool is_host = !to_device || !from_device;
  if (!is_host || stream->recorded || emulation::is_pinned(host, size)) return error;
  emulation::finish(stream);
  return sticky(stream);
}

cudaError_t cudaMemsetAsync(void* data, int value, size_t size, cudaStream_t stream) {
  if (sticky(stream) != cudaSuccess) return sticky(stream);
  if (!emulation::is_device(data, size)) return cudaErrorInvalidValue;
  return emulation::on_stream(stream, [=] {
    std::memset(data, value, size);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new EmulatedStream{.device = emulation::current_device(), .recorded = {}, .queued = {}};
  const auto held = emulation::hold();
  emulation::streams().push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  emulation::finish(stream);
  const auto held = emulation::hold();
  std::erase(emulation::streams(), stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->recorded) return cudaErrorStreamCaptureUnsupported;
  emulation::finish(stream);
  return sticky(stream);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new EmulatedEvent;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  event->has_come = std::make_shared<bool>(false);
  return emulation::on_stream(stream, [has_come = event->has_come] {
    *has_come = true;
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  while (!*event->has_come && !event->stream->queued.empty()) emulation::advance(event->stream);
  return event->stream != nullptr ? sticky(event->stream) : cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
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

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  return emulation::on_stream(stream, [calls = graph->calls] {
    cudaError_t error = cudaSuccess;
    for (const EmulatedCall& call : *calls)
      if (error == cudaSuccess) error = call();
    return error;
  });
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
      return emulation::kernel_error(emulation::current_device()).c_str();
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "invalid argument";
  }
}
