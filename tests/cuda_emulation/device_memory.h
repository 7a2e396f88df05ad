// The emulated device's memory: what was allocated, with margins around it that nothing may touch.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <cstdint>

namespace fathom::cuda::emulation {

/// Null if the device has no more: see set_device_memory_limit(). Filled with 0xff: NaN.
void* allocate_device(size_t size);
/// False: not the beginning of an allocation.
bool free_device(void* data);

struct Allocation {
  uintptr_t begin = 0;
  size_t size = 0;
};
/// The allocation that has all of [address, address + size); size 0 if none has.
Allocation find_allocation(uintptr_t address, size_t size);

size_t device_memory_used();
/// Later allocations fail where they would take more than `size` in all.
void set_device_memory_limit(size_t size);
size_t device_memory_limit();

}  // namespace fathom::cuda::emulation
