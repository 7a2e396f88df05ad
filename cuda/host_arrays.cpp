#include "cuda/host_arrays.h"

#include <algorithm>
#include <bit>

namespace fathom::cuda {

const void* HostArrays::find_or_copy(std::span<const std::byte> bytes) {
  if (bytes.empty()) return nullptr;
  for (Entry& entry : entries_) {
    if (!std::ranges::equal(entry.bytes, bytes)) continue;
    entry.last_step = step_;
    return entry.buffer.data();
  }
  Entry* entry = take_unused(bytes.size());
  if (entry == nullptr) return nullptr;
  entry->bytes.assign(bytes.begin(), bytes.end());
  entry->last_step = step_;
  queue_.note(cudaMemcpyAsync(entry->buffer.data(), entry->bytes.data(), bytes.size(),
                              cudaMemcpyHostToDevice, queue_.stream()));
  return entry->buffer.data();
}

HostArrays::Entry* HostArrays::take_unused(size_t size) {
  for (Entry& entry : entries_)
    if (entry.last_step + 1 < step_ && entry.buffer.size() >= size) return &entry;
  auto buffer = DeviceBuffer::allocate(std::bit_ceil(size));  // texts grow by a token a step
  if (!buffer) {
    queue_.note(cudaErrorMemoryAllocation);
    return nullptr;
  }
  return &entries_.emplace_back(Entry{{}, std::move(*buffer), step_});
}

}  // namespace fathom::cuda
