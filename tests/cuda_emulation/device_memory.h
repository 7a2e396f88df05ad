// The emulated devices' memory: what was allocated, with margins around it that nothing may touch.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom::cuda::emulation {

inline constexpr int kMaxDevices = 4;

/// Null if the device has no more: see set_device_memory_limit(). Filled with 0xff: NaN.
void* allocate_device(size_t size, int device = 0);
/// False: not the beginning of an allocation.
bool free_device(void* data);

struct Allocation {
  uintptr_t begin = 0;
  size_t size = 0;
  int device = 0;
};
/// The allocation that has all of [address, address + size); size 0 if none has.
Allocation find_allocation(uintptr_t address, size_t size);

size_t device_memory_used(int device = 0);
/// Later allocations fail where they would take more than `size` in all.
void set_device_memory_limit(size_t size, int device = 0);
size_t device_memory_limit(int device = 0);

}  // namespace fathom::cuda::emulation
