// Small arrays of the host, copied to the device once for each step that uses them: token ids,
// positions, cache rows. Every layer passes the same ones.
//
// They lie one after another, in the order in which a step first asks for them and in places of a
// power of two, so that a step like the one before has its arrays where that had them: its launches
// are the same, then, and are recognised (graph_cache.h).
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

  /// Where the device has the same numbers, for what is queued until the step ends; null if there
  /// is no memory, which the queue knows.
  template <class T>
  const T* on_device(std::span<const T> numbers) {
    return static_cast<const T*>(find_or_copy(std::as_bytes(numbers)));
  }
  /// The device is done with them.
  void end_step();

 private:
  struct Block {
    PinnedMemory host;
    DeviceBuffer device;
    size_t size = 0;
  };
  struct Array {
    const std::byte* source;  // where the caller had it
    size_t size;
    const std::byte* host;
    const std::byte* device;
  };
  const void* find_or_copy(std::span<const std::byte> bytes);
  bool make_room(size_t size);

  Queue& queue_;
  std::vector<Block> blocks_;
  std::vector<Array> arrays_;  // of this step
  size_t block_ = 0, used_ = 0;
};

}  // namespace fathom::cuda
