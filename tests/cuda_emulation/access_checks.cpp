#include "tests/cuda_emulation/access_checks.h"

#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "tests/cuda_emulation/block_state.h"
#include "tests/cuda_emulation/device_memory.h"
#include "tests/cuda_emulation/emulator.h"

// The program itself, whose tables of constants kernels read.
extern "C" const char __executable_start, end;

namespace fathom::cuda::emulation {
namespace {

struct Checks {
  std::span<const std::byte> arguments;
  Allocation last;  // where the access before was
};

Checks& checks() {
  static constinit Checks all;
  return all;
}

bool lies_in(uintptr_t address, size_t size, const void* begin, size_t length) {
  const uintptr_t offset = address - reinterpret_cast<uintptr_t>(begin);
  return offset <= length && size <= length - offset;
}

bool lies_in(uintptr_t address, size_t size, std::span<const std::byte> memory) {
  return lies_in(address, size, memory.data(), memory.size());
}

bool is_device_memory(uintptr_t address, size_t size) {
  Allocation& last = checks().last;
  if (address - last.begin < last.size && size <= last.size - (address - last.begin)) return true;
  const Allocation found = find_allocation(address, size);
  if (found.size == 0 || found.device != block_state().device) return false;
  last = found;
  return true;
}

bool may_read_constants(uintptr_t address, size_t size, Access access) {
  const auto image = static_cast<size_t>(&end - &__executable_start);
  return access == Access::read && (lies_in(address, size, &__executable_start, image) ||
                                    lies_in(address, size, checks().arguments));
}

const char* name_of(Access access) {
  return access == Access::read ? "reads" : access == Access::write ? "writes" : "updates";
}

}  // namespace

void check_access_in_kernel(const volatile void* pointer, size_t size, Access access,
                            const void* code) {
  const BlockState& state = block_state();
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (lies_in(address, size, state.stack) || may_read_constants(address, size, access)) return;
  in_kernel = false;
  const bool is_memory = lies_in(address, size, state.shared) || is_device_memory(address, size);
  const auto fail = [&](std::string_view what) {
    const auto offset = static_cast<const char*>(code) - &__executable_start;
    fail_kernel(fmt::format("{} {} bytes {} (addr2line -Cfie PROGRAM {:#x})", name_of(access), size,
                            what, offset));
  };
  if (!is_memory) fail(fmt::format("at {:#x}, where it has no memory", address));
  if (note_access(address, size, access))
    fail("that another warp or block accesses, too, and nothing orders them");
  in_kernel = true;
}

void set_arguments(const void* data, size_t size) {
  checks().arguments = {static_cast<const std::byte*>(data), size};
  checks().last = {};  // memory may have been freed since
}

void set_access_checks(bool on) { block_state().is_checked = on; }

}  // namespace fathom::cuda::emulation

// The calls that GCC makes for -fsanitize=thread.

using fathom::cuda::emulation::Access;
using fathom::cuda::emulation::check_access;

#define FATHOM_ACCESS(name, size, access) \
  void name(void* at) { check_access(at, size, access, __builtin_return_address(0)); }
#define FATHOM_ACCESSES(size)                                      \
  FATHOM_ACCESS(__tsan_read##size, size, Access::read)             \
  FATHOM_ACCESS(__tsan_write##size, size, Access::write)           \
  FATHOM_ACCESS(__tsan_unaligned_read##size, size, Access::read)   \
  FATHOM_ACCESS(__tsan_unaligned_write##size, size, Access::write) \
  FATHOM_ACCESS(__tsan_volatile_read##size, size, Access::read)    \
  FATHOM_ACCESS(__tsan_volatile_write##size, size, Access::write)

extern "C" {
FATHOM_ACCESSES(1)
FATHOM_ACCESSES(2)
FATHOM_ACCESSES(4)
FATHOM_ACCESSES(8)
FATHOM_ACCESSES(16)
void __tsan_read_range(void* at, unsigned long size) {
  check_access(at, size, Access::read, __builtin_return_address(0));
}
void __tsan_write_range(void* at, unsigned long size) {
  check_access(at, size, Access::write, __builtin_return_address(0));
}
// Of function-local statics.
unsigned char __tsan_atomic8_load(const volatile unsigned char* at, int order) {
  return __atomic_load_n(at, order);
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
}
