#include "engine/models/scratch.h"

#include <limits>

namespace fathom::engine {
namespace {

constexpr int kRowMultiple = 64 / sizeof(float);

}  // namespace

void* ScratchAllocator::allocate(size_t size_bytes) {
  if (!status_) return nullptr;
  auto buffer = backend_.allocate(size_bytes);
  if (!buffer) {
    status_ = tl::unexpected<Error>(std::move(buffer.error()));
    return nullptr;
  }
  buffers_.push_back(std::move(*buffer));
  return buffers_.back()->data();
}

Tensor ScratchAllocator::tensor(int64_t rows, int cols) {
  if (rows > std::numeric_limits<int>::max()) {
    if (status_) status_ = fail(ErrorCode::out_of_memory, "a batch needs {} rows of scratch", rows);
    return {};
  }
  const int64_t stride = (int64_t{cols} + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  auto* data = static_cast<float*>(allocate(rows * stride * sizeof(float)));
  return {data, static_cast<int>(rows), cols, stride};
}

Routes ScratchAllocator::routes(int rows, int n_active) {
  const size_t n = static_cast<size_t>(rows) * n_active;
  auto* experts = static_cast<int32_t*>(allocate(n * sizeof(int32_t)));
  auto* weights = static_cast<float*>(allocate(n * sizeof(float)));
  return {experts, weights, n_active};
}

ChosenGroups ScratchAllocator::chosen_groups(int rows, int limit) {
  const size_t n = static_cast<size_t>(rows) * limit;
  return {static_cast<int32_t*>(allocate(n * sizeof(int32_t))), limit};
}

}  // namespace fathom::engine
