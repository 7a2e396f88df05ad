#include "tests/cuda_emulation/device_memory.h"

#include <cstdlib>
#include <cstring>
#include <map>

namespace fathom::cuda::emulation {
namespace {

constexpr size_t kMargin = 4096;
constexpr size_t kAlignment = 256;  // as cudaMalloc

struct Memory {
  std::map<uintptr_t, size_t> sizes;  // by where the allocation begins
  size_t used = 0;
  size_t limit = size_t{8} << 30;
};

Memory& memory() {
  static Memory all;
  return all;
}

}  // namespace

void* allocate_device(size_t size) {
  Memory& all = memory();
  if (size > all.limit - all.used) return nullptr;
  const size_t padded = (size + 2 * kMargin + kAlignment - 1) / kAlignment * kAlignment;
  auto* block = static_cast<std::byte*>(std::aligned_alloc(kAlignment, padded));
  if (block == nullptr) return nullptr;
  std::byte* data = block + kMargin;
  std::memset(data, 0xff, size);
  all.sizes.emplace(reinterpret_cast<uintptr_t>(data), size);
  all.used += size;
  return data;
}

bool free_device(void* data) {
  Memory& all = memory();
  const auto found = all.sizes.find(reinterpret_cast<uintptr_t>(data));
  if (found == all.sizes.end()) return false;
  all.used -= found->second;
  all.sizes.erase(found);
  std::free(static_cast<std::byte*>(data) - kMargin);
  return true;
}

Allocation find_allocation(uintptr_t address, size_t size) {
  const auto& sizes = memory().sizes;
  auto after = sizes.upper_bound(address);
  if (after == sizes.begin()) return {};
  const auto& [begin, length] = *--after;
  return address - begin <= length && size <= length - (address - begin) ? Allocation{begin, length}
                                                                         : Allocation{};
}

size_t device_memory_used() { return memory().used; }
void set_device_memory_limit(size_t size) { memory().limit = size; }
size_t device_memory_limit() { return memory().limit; }

}  // namespace fathom::cuda::emulation
