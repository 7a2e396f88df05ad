// The functions of CUDA's runtime that fathom calls, on emulated devices.
//
// What is put on a stream is done as late as CUDA permits: when somebody waits for it, or frees
// memory of the device. Whoever changes pinned memory too early, or reads it, sees it.
//
// Threads: any; kernels run one at a time, and a stream belongs to one thread. Each has a current
// device, at first device 0. Errors are sticky where CUDA's are: after a kernel failed, everything
// on its device fails until that is reset or a test takes the error away (take_kernel_error()).

#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900
};
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3
};

enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };

enum { cudaEventDisableTiming = 2 };

using EmulatedCall = std::function<cudaError_t()>;

struct EmulatedGraph {
  std::shared_ptr<std::vector<EmulatedCall>> calls = std::make_shared<std::vector<EmulatedCall>>();
};

struct EmulatedStream {
  int device = 0;
  std::unique_ptr<EmulatedGraph> recorded;  // null: nothing is
  std::deque<EmulatedCall> queued;
};

using cudaStream_t = EmulatedStream*;
using cudaEvent_t = struct EmulatedEvent*;
using cudaGraph_t = EmulatedGraph*;
using cudaGraphExec_t = EmulatedGraph*;

struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major, minor;
  int multiProcessorCount;
};

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaDeviceReset();
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaMemGetInfo(size_t* free, size_t* total);
cudaError_t cudaMalloc(void** data, size_t size);
cudaError_t cudaFree(void* data);
cudaError_t cudaMallocHost(void** data, size_t size);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* data, int value, size_t size, cudaStream_t stream);
cudaError_t cudaStreamCreate(cudaStream_t* stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph);
cudaError_t cudaGetLastError();
const char* cudaGetErrorString(cudaError_t error);

namespace fathom::cuda::emulation {

/// Does something after what is on the stream, or whenever the graph is launched that the stream is
/// recorded into.
cudaError_t on_stream(cudaStream_t stream, std::function<cudaError_t()> call);

/// Notes what became of a grid; `error` is run()'s.
cudaError_t launched(const std::string& error, int device);
/// What a kernel failed with on the current device, and forgets it. "" if none did.
std::string take_kernel_error();

/// How many devices there are, at most kMaxDevices; at first one.
void set_device_count(int n);
int current_device();
bool is_of_current_device(cudaStream_t stream);

}  // namespace fathom::cuda::emulation
