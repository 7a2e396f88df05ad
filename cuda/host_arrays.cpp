#include "cuda/host_arrays.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fathom::cuda {
namespace {

constexpr size_t kSmallestPlace = 256;
constexpr size_t kBlockSize = size_t{1} << 20;

}  // namespace

void HostArrays::end_step() {
  arrays_.clear();
  block_ = used_ = 0;
}

const void* HostArrays::find_or_copy(std::span<const std::byte> bytes) {
  if (bytes.empty()) return nullptr;
  // Only what comes from the same place counts as the same: others are equal by chance, and not in
  // the next step.
  for (const Array& array : arrays_)
    if (array.source == bytes.data() && array.size == bytes.size() &&
        std::memcmp(array.host, bytes.data(), bytes.size()) == 0)
      return array.device;

  // Texts grow by a token a step: what is copied is the whole place.
  const size_t size = std::max(kSmallestPlace, std::bit_ceil(bytes.size()));
  if (!make_room(size)) return nullptr;
  Block& block = blocks_[block_];
  std::byte* host = static_cast<std::byte*>(block.host.data()) + used_;
  std::byte* device = block.device.data() + used_;
  std::memcpy(host, bytes.data(), bytes.size());
  queue_.copy(device, host, size);
  used_ += size;
  arrays_.push_back({bytes.data(), bytes.size(), host, device});
  return device;
}

/// In the block, or in one after it.
bool HostArrays::make_room(size_t size) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ < blocks_.size()) return true;
  Block block = {.host = {}, .device = {}, .size = std::max(kBlockSize, size)};
  auto device = DeviceBuffer::allocate(block.size);
  void* host = block.host.reserve(queue_, block.size);
  if (!device || host == nullptr) {
    queue_.note(cudaErrorMemoryAllocation);
    return false;
  }
  std::memset(host, 0, block.size);
  block.device = std::move(*device);
  blocks_.push_back(std::move(block));
  return true;
}

}  // namespace fathom::cuda
