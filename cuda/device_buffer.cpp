#include "cuda/device_buffer.h"

namespace fathom::cuda {

Result<DeviceBuffer> DeviceBuffer::allocate(size_t size) {
  DeviceBuffer buffer;
  if (size == 0) return buffer;
  const cudaError_t error = cudaMalloc(&buffer.data_, size);
  if (error != cudaSuccess)
    return cuda_failure(error, fmt::format("taking {} MiB of its memory", (size >> 20) + 1));
  buffer.size_ = size;
  return buffer;
}

void* PinnedMemory::reserve(Queue& queue, size_t size) {
  if (size <= size_) return data_;
  (void)cudaFreeHost(std::exchange(data_, nullptr));
  size_ = 0;
  queue.note(cudaMallocHost(&data_, size));
  if (data_ != nullptr) size_ = size;
  return data_;
}

void* DeviceScratch::reserve(Queue& queue, size_t size) {
  if (size <= buffer_.size()) return buffer_.data();
  queue.wait();  // what is queued may still use the old one
  buffer_ = {};
  auto larger = DeviceBuffer::allocate(size);
  if (!larger) {
    queue.note(cudaErrorMemoryAllocation);
    return nullptr;
  }
  buffer_ = std::move(*larger);
  return buffer_.data();
}

}  // namespace fathom::cuda
