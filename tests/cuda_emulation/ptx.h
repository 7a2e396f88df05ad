// The instructions of cuda/device.h on the emulator, in the fragment layouts that the PTX ISA
// gives.

#pragma once

#include <cstdint>

#include "tests/cuda_emulation/emulator.h"

namespace fathom::cuda {

template <class T>
T& shared_storage() {
  return *reinterpret_cast<T*>(emulation::shared_memory());
}

/// Products are exact, and their sum is rounded once; a device rounds more often.
void mma_bf16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
void load_matrices(uint32_t (&m)[4], const void* row);
void load_transposed(uint32_t (&m)[4], const void* row);
uint32_t fma_bf16x2(uint32_t a, uint32_t b, uint32_t c);
uint32_t to_bf16x2(float low, float high);
float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);

/// Nothing is faster for it here.
inline void prefetch(const void*) {}
/// A kernel begins when the one before is done.
inline void wait_for_earlier_kernels() {}

/// In one exchange, added up as the device's butterfly does.
float warp_sum(float value);
float warp_max(float value);

/// The copy is made when the thread waits for it, no sooner: who forgets to wait sees it.
void copy_async_16(void* shared, const void* global, bool valid);
void commit_copies();
namespace emulation {
void wait_for_copies(int n_groups);
}
template <int kGroups>
void wait_for_copies() {
  emulation::wait_for_copies(kGroups);
}

}  // namespace fathom::cuda
