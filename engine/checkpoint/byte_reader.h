// Reads little-endian numbers and runs of bytes from front to back, never beyond the end.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace fathom::engine {

static_assert(std::endian::native == std::endian::little, "model files are read by memcpy");

class ByteReader final {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }

  /// The next number, or nothing if the bytes end before it does.
  template <class T>
  requires std::is_arithmetic_v<T> std::optional<T> read() {
    if (remaining() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  /// The next `n` bytes, or nothing if there are fewer.
  std::optional<std::string_view> read_bytes(uint64_t n) {
    if (n > remaining()) return std::nullopt;
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + offset_, n);
    offset_ += n;
    return text;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace fathom::engine
