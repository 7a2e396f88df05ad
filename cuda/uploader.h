// Bytes of the host on their way to the device: threads copy them into pinned buffers, which the
// device empties in turns while the next one fills (docs/kernels/upload.md).
//
// Threads: the engine thread; those that copy run only inside of send() and stage().

#pragma once

#include <array>
#include <optional>
#include <span>

#include "cuda/device_buffer.h"
#include "engine/base/thread_pool.h"

namespace fathom::cuda {

class Uploader final {
 public:
  /// Enough bytes that the device is not kept waiting between pieces.
  static constexpr size_t kPieceBytes = size_t{8} << 20;

  explicit Uploader(Queue& queue) : queue_(queue) {}
  /// Waits until the device has read the buffers.
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  /// Device memory `to` has the bytes for what is queued from now on. They have been read when this
  /// returns, and the device may still be copying.
  void send(std::byte* to, std::span<const std::byte> bytes);
  /// The same with device memory of its own, for what is queued until the next call. Null where the
  /// device has no more: the queue knows.
  const std::byte* stage(std::span<const std::byte> bytes);

 private:
  struct Buffer {
    PinnedMemory memory;
    cudaEvent_t emptied = nullptr;
  };
  /// The buffer whose turn it is, once the device has read it. Null: the queue knows why.
  Buffer* next_buffer();

  Queue& queue_;
  DeviceScratch staging_;
  std::array<Buffer, 4> buffers_;
  size_t turn_ = 0;
  std::optional<ThreadPool> pool_;  // from the first piece on
};

}  // namespace fathom::cuda
