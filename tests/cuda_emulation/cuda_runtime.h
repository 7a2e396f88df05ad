// CUDA's names for what the emulator has: sources of cuda/ are compiled with this header in the
// place of the toolkit's. Only what they use. Semantics: CUDA Runtime API and C++ Programming
// Guide.
//
// Threads: see runtime_api.h.

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>

#include "tests/cuda_emulation/access_checks.h"
#include "tests/cuda_emulation/emulator.h"
#include "tests/cuda_emulation/runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)

using fathom::cuda::emulation::dim3;
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(8) uint2 {
  uint32_t x, y;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
using std::max;
using std::min;

extern const dim3 &threadIdx, &blockIdx, &blockDim, &gridDim;  // of the thread that runs

#define __syncthreads() ::fathom::cuda::emulation::barrier({"__syncthreads()", __LINE__})
#define __syncwarp() ::fathom::cuda::emulation::sync_warp({"__syncwarp()", __LINE__})
#define __shfl_xor_sync(mask, value, lanes) \
  ::fathom::cuda::emulation::shuffle_xor({"__shfl_xor_sync()", __LINE__}, mask, value, lanes)
#define __shfl_sync(mask, value, lane) \
  ::fathom::cuda::emulation::shuffle({"__shfl_sync()", __LINE__}, mask, value, lane)
#define __ballot_sync(mask, predicate) \
  ::fathom::cuda::emulation::ballot({"__ballot_sync()", __LINE__}, mask, predicate)

namespace fathom::cuda::emulation {

/// The lane of this thread in its warp.
int lane();
/// Ends the grid: only whole warps are emulated.
void check_mask(uint32_t mask);

inline void sync_warp(Site site) { exchange(site, "", 1); }

/// What lanes exchange lies in the emulator's memory, which kernels may not read themselves.
template <class T>
[[gnu::no_sanitize_thread]] T shuffle(Site site, uint32_t mask, T value, int from) {
  check_mask(mask);
  T result;
  std::memcpy(&result, exchange(site, &value, sizeof(T)) + (from & 31) * kMaxPayload, sizeof(T));
  return result;
}

template <class T>
T shuffle_xor(Site site, uint32_t mask, T value, int lanes) {
  return shuffle(site, mask, value, lane() ^ lanes);
}

uint32_t ballot(Site site, uint32_t mask, bool predicate);

}  // namespace fathom::cuda::emulation

float atomicAdd(float* at, float value);
int atomicAdd(int* at, int value);

// Arithmetic with the rounding that is named; the emulation is compiled without contraction.
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline uint32_t __float_as_uint(float value) { return std::bit_cast<uint32_t>(value); }
inline float __uint_as_float(uint32_t bits) { return std::bit_cast<float>(bits); }
inline int __popc(uint32_t bits) { return std::popcount(bits); }
template <class T>
T __ldg(const T* at) {
  return *at;
}

// Kernels.

enum cudaLaunchAttributeID { cudaLaunchAttributeProgrammaticStreamSerialization = 6 };
struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  struct {
    int programmaticStreamSerializationAllowed;
  } val;
};
/// Attributes are about when a kernel starts, which is when the one before is done here.
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};

struct cudaFuncAttributes {
  int ptxVersion;
};
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel*) {
  attributes->ptxVersion = 90;
  return cudaSuccess;
}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  namespace emulation = fathom::cuda::emulation;
  if (!emulation::is_of_current_device(config->stream)) return cudaErrorInvalidResourceHandle;
  struct KernelCall {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> arguments;
  };
  const auto run = [call = KernelCall{kernel, {std::forward<Arguments>(arguments)...}},
                    grid = emulation::Grid{.blocks = config->gridDim,
                                           .threads = config->blockDim,
                                           .shared_bytes = config->dynamicSmemBytes,
                                           .device = emulation::current_device()}] {
    const auto thread = [](const void* data) {
      const auto& [function, values] = *static_cast<const KernelCall*>(data);
      std::apply(function, values);
    };
    const auto held = emulation::hold();
    emulation::set_arguments(&call, sizeof(call));
    return emulation::launched(emulation::run(grid, {thread, &call}), grid.device);
  };
  return emulation::on_stream(config->stream, run);
}
