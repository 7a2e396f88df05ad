#include "cuda/uploader.h"

#include <algorithm>
#include <cstring>

#include "engine/base/processors.h"

namespace fathom::cuda {
namespace {

// One thread reads a cached file at a fifth of what the bus takes.
constexpr int kMostThreads = 8;
constexpr int64_t kBytesOfAThread = int64_t{256} << 10;

}  // namespace

Uploader::~Uploader() {
  for (Buffer& buffer : buffers_) {
    if (buffer.emptied == nullptr) continue;
    (void)cudaEventSynchronize(buffer.emptied);
    (void)cudaEventDestroy(buffer.emptied);
  }
}

void Uploader::send(std::byte* to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    Buffer* buffer = next_buffer();
    if (buffer == nullptr) return;
    const std::span<const std::byte> piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    auto* pinned = static_cast<std::byte*>(buffer->memory.data());
    pool_->parallel_for(std::ssize(piece), kBytesOfAThread,
                        [&](int64_t begin, int64_t end, int /*part*/) {
                          std::memcpy(pinned + begin, piece.data() + begin, end - begin);
                        });
    queue_.note(cudaMemcpyAsync(to, pinned, piece.size(), cudaMemcpyHostToDevice, queue_.stream()));
    queue_.note(cudaEventRecord(buffer->emptied, queue_.stream()));
    to += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

const std::byte* Uploader::stage(std::span<const std::byte> bytes) {
  auto* to = static_cast<std::byte*>(staging_.reserve(queue_, bytes.size()));
  if (to != nullptr) send(to, bytes);
  return to;
}

Uploader::Buffer* Uploader::next_buffer() {
  if (!pool_) pool_.emplace(std::min(effective_threads(0), kMostThreads));
  Buffer& buffer = buffers_[turn_++ % buffers_.size()];
  if (buffer.emptied == nullptr)
    queue_.note(cudaEventCreateWithFlags(&buffer.emptied, cudaEventDisableTiming));
  else
    queue_.note(cudaEventSynchronize(buffer.emptied));
  buffer.memory.reserve(queue_, kPieceBytes);
  return queue_.error() == cudaSuccess ? &buffer : nullptr;
}

}  // namespace fathom::cuda
