// Memory that only grows: scratch and weights of the CPU backend, aligned for any vector.

#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "engine/base/assert.h"
#include "engine/base/system.h"

namespace fathom::engine::cpu {

/// At least `count` objects of a plain type, not initialised. Not copied when it grows.
template <class T>
class AlignedBuffer final {
 public:
  /// Allocates only when `count` is more than ever before. False if there is no memory.
  [[nodiscard]] bool try_reserve(size_t count) {
    if (count <= capacity_) return true;
    const bool is_large = count * sizeof(T) >= kLargePageBytes;
    const size_t alignment = is_large ? kLargePageBytes : kAlignment;
    const size_t bytes = (count * sizeof(T) + alignment - 1) / alignment * alignment;
    data_.reset();
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, bytes)));
    if (is_large && data_ != nullptr) prefer_large_pages(data_.get(), count * sizeof(T));
    capacity_ = data_ != nullptr ? count : 0;
    return data_ != nullptr;
  }

  /// For scratch, which is small beside the model that was loaded before.
  T* reserve(size_t count) {
    const bool has_memory = try_reserve(count);
    FATHOM_ASSERT(has_memory);
    return data_.get();
  }

  T* data() const { return data_.get(); }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };

  std::unique_ptr<T, Free> data_;
  size_t capacity_ = 0;
};

}  // namespace fathom::engine::cpu
