#include "tests/cuda_emulation/device_memory.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>

namespace fathom::cuda::emulation {
namespace {

constexpr size_t kMargin = 4096;
constexpr size_t kAlignment = 256;  // as cudaMalloc

struct Device {
  size_t used = 0;
  size_t limit = size_t{8} << 30;
};

struct Memory {
  std::map<uintptr_t, Allocation> allocations;  // by where they begin
  std::array<Device, kMaxDevices> devices;
};

Memory& memory() {
  static Memory all;
  return all;
}

}  // namespace

void* allocate_device(size_t size, int device) {
  auto& [used, limit] = memory().devices.at(device);
  if (size > limit - used) return nullptr;
  const size_t padded = (size + 2 * kMargin + kAlignment - 1) / kAlignment * kAlignment;
  auto* block = static_cast<std::byte*>(std::aligned_alloc(kAlignment, padded));
  if (block == nullptr) return nullptr;
  std::byte* data = block + kMargin;
  std::memset(data, 0xff, size);
  const auto begin = reinterpret_cast<uintptr_t>(data);
  memory().allocations[begin] = {begin, size, device};
  used += size;
  return data;
}

bool free_device(void* data) {
  Memory& all = memory();
  const auto found = all.allocations.find(reinterpret_cast<uintptr_t>(data));
  if (found == all.allocations.end()) return false;
  all.devices.at(found->second.device).used -= found->second.size;
  all.allocations.erase(found);
  std::free(static_cast<std::byte*>(data) - kMargin);
  return true;
}

Allocation find_allocation(uintptr_t address, size_t size) {
  const auto& all = memory().allocations;
  auto after = all.upper_bound(address);
  if (after == all.begin()) return {};
  const Allocation& found = (--after)->second;
  const size_t offset = address - found.begin;
  return offset <= found.size && size <= found.size - offset ? found : Allocation{};
}

size_t device_memory_used(int device) { return memory().devices.at(device).used; }
void set_device_memory_limit(size_t size, int device) { memory().devices.at(device).limit = size; }
size_t device_memory_limit(int device) { return memory().devices.at(device).limit; }

}  // namespace fathom::cuda::emulation
