// What kernels are written with: instructions that CUDA C++ has no name for, shared memory by its
// type, reductions. The only place with PTX; under emulation tests/cuda_emulation/ptx.h stands in.

#pragma once

#include <cstdint>

#include <cuda_runtime.h>

#ifdef FATHOM_CUDA_EMULATION
#include "tests/cuda_emulation/ptx.h"
#endif

namespace fathom::cuda {

inline constexpr int kWarpSize = 32;
inline constexpr uint32_t kFullWarp = 0xffffffffu;

#ifndef FATHOM_CUDA_EMULATION

/// The block's dynamic shared memory as a T; launch with sizeof(T).
template <class T>
__device__ T& shared_storage() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return *reinterpret_cast<T*>(bytes);
}

/// c [16, 8] += a [16, 16] b [16, 8] in the fragments of mma.m16n8k16 of bf16: with g = lane / 4
/// and t = lane % 4, a = (rows g, g + 8; columns 2t, 2t + 1), then the same of columns 8 more; b =
/// rows 2t, 2t + 1 and 8 more, column g; c = (row g; columns 2t, 2t + 1), (row g + 8; the same).
__device__ __forceinline__ void mma_bf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                                         uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Four 8x8 matrices of 16-bit numbers from shared memory; lane 8 * i + r has the address of row r
/// of matrix i, a multiple of 16. With g = lane / 4 and t = lane % 4, m[i] = matrix i (row g;
/// columns 2t, 2t + 1).
__device__ __forceinline__ void load_matrices(uint32_t (&m)[4], const void* row) {
  const auto from = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(from)
               : "memory");
}
/// Likewise the transposed matrices: m[i] = matrix i (rows 2t, 2t + 1; column g).
__device__ __forceinline__ void load_transposed(uint32_t (&m)[4], const void* row) {
  const auto from = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(from)
               : "memory");
}

/// a * b + c of two bf16 each, rounded once.
__device__ __forceinline__ uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t d;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
}

/// Two numbers rounded to bf16, `low` in the lower half.
__device__ __forceinline__ uint32_t to_bf16x2(float low, float high) {
  uint32_t d;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
  return d;
}

__device__ __forceinline__ float f16_to_f32(uint16_t bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

/// Rounded to nearest, ties to even.
__device__ __forceinline__ uint16_t f32_to_f16(float value) {
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

/// Copies 16 bytes to shared memory behind the thread's back; zeros if not `valid`. Both addresses
/// are multiples of 16.
__device__ __forceinline__ void copy_async_16(void* shared, const void* global, bool valid) {
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global),
               "r"(valid ? 16 : 0));
}
/// Ends a group of copies.
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;"); }
/// Waits until at most `kGroups` of this thread's groups are under way.
template <int kGroups>
__device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

/// Asks for the line at `address`, where that gains time; before wait_for_earlier_kernels() only
/// for what no kernel writes.
__device__ __forceinline__ void prefetch(const void* address) {
#if __CUDA_ARCH__ >= 900
  asm volatile("prefetch.global.L2 [%0];" ::"l"(address));
#endif
}

/// Kernels start while the one before still runs, where the device can (programmatic dependent
/// launch), so that each waits before it reads or writes what another may use: everything launched
/// before is done when this returns. Every thread of every kernel calls it.
__device__ __forceinline__ void wait_for_earlier_kernels() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// The sum over the warp, the same bits in all lanes.
__device__ __forceinline__ float warp_sum(float value) {
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2)
    value += __shfl_xor_sync(kFullWarp, value, lanes);
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2)
    value = fmaxf(value, __shfl_xor_sync(kFullWarp, value, lanes));
  return value;
}

#endif

__device__ __forceinline__ float bf16_to_f32(uint16_t bits) {
  return __uint_as_float(static_cast<uint32_t>(bits) << 16);
}
__device__ __forceinline__ float low_bf16(uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float high_bf16(uint32_t pair) {
  return __uint_as_float(pair & 0xffff0000u);
}

/// The sum over a block of kThreads, in the order of its warps; `scratch` [kThreads / 32] is free
/// again after the next barrier.
template <int kThreads>
__device__ __forceinline__ float block_sum(float value, float* scratch) {
  value = warp_sum(value);
  if (threadIdx.x % kWarpSize == 0) scratch[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  float sum = 0.0f;
  for (int warp = 0; warp < kThreads / kWarpSize; ++warp) sum += scratch[warp];
  return sum;
}

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace fathom::cuda
