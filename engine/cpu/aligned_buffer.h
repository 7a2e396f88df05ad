// Memory that only grows: scratch and weights of the CPU backend, aligned for any vector.

#pragma once

#include <cstddef>
#include <memory>
#include <new>

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
    const auto alignment = std::align_val_t{is_large ? kLargePageBytes : kVectorBytes};
    data_.reset();
    data_ = {static_cast<T*>(operator new(count * sizeof(T), alignment, std::nothrow)),
             Delete{alignment}};
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
  static constexpr size_t kVectorBytes = 64;
  struct Delete {
    std::align_val_t alignment{};
    void operator()(T* data) const { operator delete(data, alignment); }
  };

  std::unique_ptr<T, Delete> data_;
  size_t capacity_ = 0;
};

}  // namespace fathom::engine::cpu
