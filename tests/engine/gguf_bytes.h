// Writes GGUF images for tests, right ones and wrong ones: it checks nothing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fathom::engine {

/// Numbers of gguf_metadata_value_type.
enum GgufValueType : uint32_t {
  kGgufU8 = 0,
  kGgufI8,
  kGgufU16,
  kGgufI16,
  kGgufU32,
  kGgufI32,
  kGgufF32,
  kGgufBool,
  kGgufString,
  kGgufArray,
  kGgufU64,
  kGgufI64,
  kGgufF64,
};

class GgufBytes final {
 public:
  /// The header; call the rest as often as the counts say, values before tensors.
  GgufBytes(uint64_t n_tensors, uint64_t n_key_values, uint32_t version = 3) {
    text("GGUF").number<uint32_t>(version).number(n_tensors).number(n_key_values);
  }

  template <class T>
  requires std::is_arithmetic_v<T> GgufBytes& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  GgufBytes& text(std::string_view raw) {
    bytes_.append(raw);
    return *this;
  }
  GgufBytes& string(std::string_view value) { return number<uint64_t>(value.size()).text(value); }

  GgufBytes& key(std::string_view name, uint32_t type) { return string(name).number(type); }
  GgufBytes& value(std::string_view name, std::string_view text_value) {
    return key(name, kGgufString).string(text_value);
  }
  GgufBytes& architecture(std::string_view name = "llama") {
    return value("general.architecture", name);
  }
  GgufBytes& array(std::string_view name, uint32_t type, uint64_t n) {
    return key(name, kGgufArray).number(type).number(n);
  }
  GgufBytes& tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                    uint64_t offset) {
    string(name).number(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) number(dim);
    return number(type).number(offset);
  }
  /// Zeros up to the data section, and `n` bytes of it.
  GgufBytes& data(size_t n, size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment + n);
    return *this;
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

 private:
  std::string bytes_;
};

}  // namespace fathom::engine
