// Small arrays of the host, copied to the device once for each step that uses them: token ids,
// positions, cache rows. Every layer passes the same ones.
//
// Threads: the engine thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/device_buffer.h"

namespace fathom::cuda {

class HostArrays final {
 public:
  explicit HostArrays(Queue& queue) : queue_(queue) {}

  /// Where the device has the same numbers, for what is queued until the step ends; null if the
  /// device has no memory, which the queue knows.
  template <class T>
  const T* on_device(std::span<const T> numbers) {
    return static_cast<const T*>(find_or_copy(std::as_bytes(numbers)));
  }
  /// Arrays that this step and the one before did not use make room for others.
  void end_step() { ++step_; }

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    DeviceBuffer buffer;
    int64_t last_step = 0;
  };
  const void* find_or_copy(std::span<const std::byte> bytes);
  Entry* take_unused(size_t size);

  Queue& queue_;
  std::vector<Entry> entries_;
  int64_t step_ = 0;
};

}  // namespace fathom::cuda
