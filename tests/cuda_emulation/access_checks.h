// Sees each access of a kernel to memory: its sources are compiled with -fsanitize=thread, whose
// calls are defined in access_checks.cpp in the place of ThreadSanitizer's own.

#pragma once

#include <cstddef>

#include "tests/cuda_emulation/block_state.h"
#include "tests/cuda_emulation/race_detector.h"

namespace fathom::cuda::emulation {

/// Ends the grid with an error if the thread that runs may not do that. `code`: an address of the
/// code that does it.
void check_access_in_kernel(const volatile void* address, size_t size, Access access,
                            const void* code);
/// The same where it is to be checked; the host's own accesses are not.
inline void check_access(const volatile void* address, size_t size, Access access,
                         const void* code) {
  if (in_kernel && block_state().is_checked) check_access_in_kernel(address, size, access, code);
}

/// What a kernel may read besides device memory: its arguments.
void set_arguments(const void* data, size_t size);

/// Off: accesses are not looked at, which is several times as fast. For models, whose kernels have
/// been checked one by one.
void set_access_checks(bool on);

}  // namespace fathom::cuda::emulation
