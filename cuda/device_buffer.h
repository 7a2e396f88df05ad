// Device memory, freed with its owner.
//
// Threads: the engine thread.

#pragma once

#include <utility>

#include "cuda/cuda_error.h"

namespace fathom::cuda {

class DeviceBuffer final {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~DeviceBuffer() { (void)cudaFree(data_); }

  /// Errors: out_of_memory, device_lost.
  static Result<DeviceBuffer> allocate(size_t size);

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// Memory of the host that the device copies to and from directly. Grows; what was there is lost.
class PinnedMemory final {
 public:
  PinnedMemory() = default;
  PinnedMemory(PinnedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PinnedMemory& operator=(PinnedMemory&&) = delete;
  ~PinnedMemory() { (void)cudaFreeHost(data_); }

  /// Null where the host has no more: the queue knows.
  void* reserve(Queue& queue, size_t size);
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// Memory of operations, which grows when one needs more; what was there is lost. Operations on one
/// queue use it one after another.
class DeviceScratch final {
 public:
  /// Null where the device has no more: the queue knows.
  void* reserve(Queue& queue, size_t size);

 private:
  DeviceBuffer buffer_;
};

}  // namespace fathom::cuda
