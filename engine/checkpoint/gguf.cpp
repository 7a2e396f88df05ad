#include "engine/checkpoint/gguf.h"

#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "engine/base/checked_math.h"
#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/byte_reader.h"
#include "engine/checkpoint/ggml_types.h"

namespace fathom::engine {
namespace {

constexpr uint64_t kMaxKeyValues = 65536;
constexpr uint64_t kMaxKeyBytes = 65536;
// Of arrays in memory, where a byte of the file may take eight. Vocabulary and merges of the
// largest tokenizers take half of it.
constexpr uint64_t kMaxArrayBytes = 32 << 20;
constexpr int64_t kMaxAlignment = 1 << 20;
constexpr int64_t kDefaultAlignment = 32;

/// Types of metadata values (gguf_metadata_value_type).
enum class ValueType : uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

/// Where a tensor lies before the data section's start is known.
struct Extent {
  uint64_t offset;
  uint64_t size;
};

class GgufReader final {
 public:
  GgufReader(std::span<const std::byte> bytes, const std::string& source)
      : bytes_(bytes), reader_(bytes), source_(source) {}

  Result<CheckpointParts> read() {
    FATHOM_TRY(counts, read_header());
    for (uint64_t i = 0; i < counts.n_key_values; ++i) FATHOM_CHECK(read_key_value(i));
    FATHOM_TRY(alignment, read_alignment());
    for (uint64_t i = 0; i < counts.n_tensors; ++i) FATHOM_CHECK(read_tensor(i, alignment));
    FATHOM_CHECK(place_tensors(alignment));
    FATHOM_CHECK(check_overlaps(source_, parts_.tensors));

    const std::string* architecture = parts_.metadata.string("general.architecture");
    if (architecture && is_printable(*architecture)) parts_.architecture = *architecture;
    parts_.format = Checkpoint::Format::gguf;
    parts_.source = source_;
    return std::move(parts_);
  }

 private:
  struct Counts {
    uint64_t n_tensors;
    uint64_t n_key_values;
  };

  Result<Counts> read_header() {
    if (bytes_.empty())
      return fail(ErrorCode::corrupt, "{}: the file is empty; download it again", source_);
    const auto magic = reader_.read_bytes(4);
    if (!magic || *magic != "GGUF") {
      return fail(ErrorCode::unsupported,
                  "{}: is not a model: neither a GGUF file nor a folder with config.json and "
                  "*.safetensors",
                  source_);
    }
    FATHOM_TRY(version, read_number<uint32_t>("the version"));
    if (version > 0xffff) {
      return fail(ErrorCode::unsupported,
                  "{}: is a big-endian GGUF file; fathom reads little-endian", source_);
    }
    if (version != 2 && version != 3) {
      return fail(ErrorCode::unsupported, "{}: is GGUF version {}; fathom reads versions 2 and 3",
                  source_, version);
    }
    FATHOM_TRY(n_tensors, read_number<uint64_t>("the number of tensors"));
    FATHOM_TRY(n_key_values, read_number<uint64_t>("the number of metadata values"));
    if (n_tensors > kMaxTensors) {
      return fail(ErrorCode::corrupt, "{}: claims {} tensors; the limit is {}", source_, n_tensors,
                  kMaxTensors);
    }
    if (n_key_values > kMaxKeyValues) {
      return fail(ErrorCode::corrupt, "{}: claims {} metadata values; the limit is {}", source_,
                  n_key_values, kMaxKeyValues);
    }
    return Counts{n_tensors, n_key_values};
  }

  Status read_key_value(uint64_t index) {
    const std::string which = fmt::format("the key of metadata value {}", index);
    FATHOM_TRY(key_view, read_string(which, kMaxKeyBytes));
    if (!is_printable(key_view))
      return fail(ErrorCode::corrupt, "{}: {} is empty or not text", source_, which);
    std::string key(key_view);
    if (parts_.metadata.has(key))
      return fail(ErrorCode::corrupt, "{}: metadata '{}': is there twice", source_, key);
    const std::string field = fmt::format("metadata '{}'", key);
    FATHOM_TRY(type, read_number<uint32_t>(field));
    FATHOM_TRY(value, read_value(static_cast<ValueType>(type), field));
    parts_.metadata.set(std::move(key), std::move(value));
    return {};
  }

  Result<Metadata::Value> read_value(ValueType type, const std::string& field) {
    switch (type) {
      case ValueType::u8:
        return read_integer<uint8_t>(field);
      case ValueType::i8:
        return read_integer<int8_t>(field);
      case ValueType::u16:
        return read_integer<uint16_t>(field);
      case ValueType::i16:
        return read_integer<int16_t>(field);
      case ValueType::u32:
        return read_integer<uint32_t>(field);
      case ValueType::i32:
        return read_integer<int32_t>(field);
      case ValueType::u64:
        return read_integer<uint64_t>(field);
      case ValueType::i64:
        return read_integer<int64_t>(field);
      case ValueType::f32:
        return read_float<float>(field);
      case ValueType::f64:
        return read_float<double>(field);
      case ValueType::boolean: {
        FATHOM_TRY(byte, read_number<uint8_t>(field));
        if (byte > 1)
          return fail(ErrorCode::corrupt, "{}: {}: a boolean is {}", source_, field, byte);
        return Metadata::Value(byte == 1);
      }
      case ValueType::string: {
        FATHOM_TRY(text, read_string(field, reader_.remaining()));
        return Result<Metadata::Value>(tl::in_place, std::in_place_type<std::string>, text);
      }
      case ValueType::array:
        return read_array(field);
    }
    return unknown_type(type, field);
  }

  Result<Metadata::Value> read_array(const std::string& field) {
    FATHOM_TRY(number, read_number<uint32_t>(field));
    FATHOM_TRY(n, read_number<uint64_t>(field));
    const auto type = static_cast<ValueType>(number);
    switch (type) {
      case ValueType::u8:
        return read_elements<uint8_t, int64_t>(n, field);
      case ValueType::i8:
        return read_elements<int8_t, int64_t>(n, field);
      case ValueType::u16:
        return read_elements<uint16_t, int64_t>(n, field);
      case ValueType::i16:
        return read_elements<int16_t, int64_t>(n, field);
      case ValueType::u32:
        return read_elements<uint32_t, int64_t>(n, field);
      case ValueType::i32:
        return read_elements<int32_t, int64_t>(n, field);
      case ValueType::u64:
        return read_elements<uint64_t, int64_t>(n, field);
      case ValueType::i64:
        return read_elements<int64_t, int64_t>(n, field);
      case ValueType::f32:
        return read_elements<float, double>(n, field);
      case ValueType::f64:
        return read_elements<double, double>(n, field);
      case ValueType::boolean:
        return read_elements<uint8_t, int64_t>(n, field);
      case ValueType::string:
        return read_strings(n, field);
      case ValueType::array:
        return fail(ErrorCode::unsupported, "{}: {}: is an array of arrays", source_, field);
    }
    return unknown_type(type, field);
  }

  /// An array of File numbers, kept as Kept. Bounded by the bytes that are left before anything
  /// is allocated.
  template <class File, class Kept>
  Result<Metadata::Value> read_elements(uint64_t n, const std::string& field) {
    if (n > reader_.remaining() / sizeof(File)) return truncated(field);
    FATHOM_CHECK(keep(n * sizeof(Kept), field));
    std::vector<Kept> values;
    values.reserve(n);
    for (uint64_t i = 0; i < n; ++i) {
      const File value = *reader_.read<File>();
      if constexpr (std::is_same_v<File, uint64_t>) {
        if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
          return too_large(field);
      }
      values.push_back(static_cast<Kept>(value));
    }
    return Metadata::Value(std::move(values));
  }

  Result<Metadata::Value> read_strings(uint64_t n, const std::string& field) {
    if (n > reader_.remaining() / sizeof(uint64_t)) return truncated(field);
    FATHOM_CHECK(keep(n * sizeof(std::string), field));
    std::vector<std::string> values;
    values.reserve(n);
    for (uint64_t i = 0; i < n; ++i) {
      FATHOM_TRY(text, read_string(field, reader_.remaining()));
      values.emplace_back(text);
    }
    return Metadata::Value(std::move(values));
  }

  /// Counts the memory of an array before it is allocated. `n_bytes` cannot have overflowed: an
  /// element takes at most 32 bytes here, and at least one in the file.
  Status keep(uint64_t n_bytes, const std::string& field) {
    kept_ += n_bytes;
    if (kept_ <= kMaxArrayBytes) return {};
    return fail(ErrorCode::corrupt, "{}: {}: the arrays take more than {} MB of memory", source_,
                field, kMaxArrayBytes >> 20);
  }

  Result<int64_t> read_alignment() {
    if (!parts_.metadata.has("general.alignment")) return kDefaultAlignment;
    const auto alignment = parts_.metadata.integer("general.alignment");
    if (!alignment || *alignment < 1 || *alignment > kMaxAlignment ||
        !std::has_single_bit(static_cast<uint64_t>(*alignment))) {
      return fail(ErrorCode::corrupt,
                  "{}: metadata 'general.alignment': must be a power of two up to {}", source_,
                  kMaxAlignment);
    }
    return *alignment;
  }

  Status read_tensor(uint64_t index, int64_t alignment) {
    const std::string which = fmt::format("the name of tensor {}", index);
    FATHOM_TRY(name, read_string(which, kMaxTensorName));
    if (!is_printable(name))
      return fail(ErrorCode::corrupt, "{}: {} is empty or not text", source_, which);
    const std::string field = fmt::format("tensor '{}'", name);

    TensorInfo tensor;
    tensor.name = name;
    FATHOM_TRY(shape, read_shape(field));
    tensor.shape = std::move(shape);

    FATHOM_TRY(type_number, read_number<uint32_t>(field));
    const GgmlType* type = find_ggml_type(type_number);
    if (!type) {
      return fail(ErrorCode::unsupported, "{}: {}: has the unknown type number {}", source_, field,
                  type_number);
    }
    tensor.type_name = type->name;
    tensor.dtype = type->dtype;

    FATHOM_TRY(offset, read_number<uint64_t>(field));
    if (offset % static_cast<uint64_t>(alignment) != 0) {
      return fail(ErrorCode::corrupt, "{}: {}: its offset {} is not a multiple of the alignment {}",
                  source_, field, offset, alignment);
    }
    FATHOM_TRY(size, size_of(*type, tensor.shape, field));
    extents_.push_back({offset, size});
    parts_.tensors.push_back(std::move(tensor));
    return {};
  }

  /// The file has the innermost dimension first.
  Result<std::vector<int64_t>> read_shape(const std::string& field) {
    FATHOM_TRY(n_dims, read_number<uint32_t>(field));
    if (n_dims < 1 || n_dims > kMaxDims) {
      return fail(ErrorCode::corrupt, "{}: {}: has {} dimensions; 1 to {} are possible", source_,
                  field, n_dims, kMaxDims);
    }
    std::vector<int64_t> shape(n_dims);
    for (uint32_t i = 0; i < n_dims; ++i) {
      FATHOM_TRY(dim, read_number<uint64_t>(field));
      if (dim < 1 || dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return fail(ErrorCode::corrupt, "{}: {}: dimension {} is {}", source_, field, i, dim);
      }
      shape[n_dims - 1 - i] = static_cast<int64_t>(dim);
    }
    return shape;
  }

  Result<uint64_t> size_of(const GgmlType& type, const std::vector<int64_t>& shape,
                           const std::string& field) {
    if (shape.back() % type.block_elements != 0) {
      return fail(ErrorCode::corrupt, "{}: {}: rows of {} numbers are not whole blocks of {} ({})",
                  source_, field, shape.back(), type.block_elements, type.name);
    }
    auto size = checked_mul<int64_t>(shape.back() / type.block_elements, type.block_bytes);
    for (size_t i = 0; size && i + 1 < shape.size(); ++i) size = checked_mul(*size, shape[i]);
    if (!size) {
      return fail(ErrorCode::corrupt, "{}: {}: the product of its dimensions overflows", source_,
                  field);
    }
    return static_cast<uint64_t>(*size);
  }

  /// The data section begins at the first aligned byte after the header.
  Status place_tensors(int64_t alignment) {
    const uint64_t mask = static_cast<uint64_t>(alignment) - 1;
    const uint64_t data = (reader_.offset() + mask) & ~mask;
    for (size_t i = 0; i < extents_.size(); ++i) {
      TensorInfo& tensor = parts_.tensors[i];
      const auto begin = checked_add(data, extents_[i].offset);
      const auto end = begin ? checked_add(*begin, extents_[i].size) : std::nullopt;
      if (!end) {
        return fail(ErrorCode::corrupt, "{}: tensor '{}': its offset {} overflows", source_,
                    tensor.name, extents_[i].offset);
      }
      if (*end > bytes_.size()) {
        return fail(ErrorCode::corrupt,
                    "{}: tensor '{}': ends at byte {} of a file of {} bytes; the file is "
                    "truncated, download it again",
                    source_, tensor.name, *end, bytes_.size());
      }
      tensor.bytes = bytes_.subspan(*begin, extents_[i].size);
    }
    return {};
  }

  template <class T>
  Result<T> read_number(std::string_view field) {
    const std::optional<T> value = reader_.read<T>();
    if (!value) return truncated(field);
    return *value;
  }

  template <class T>
  Result<Metadata::Value> read_integer(const std::string& field) {
    FATHOM_TRY(value, read_number<T>(field));
    if (!std::in_range<int64_t>(value)) return too_large(field);
    return Metadata::Value(static_cast<int64_t>(value));
  }

  template <class T>
  Result<Metadata::Value> read_float(const std::string& field) {
    FATHOM_TRY(value, read_number<T>(field));
    return Metadata::Value(static_cast<double>(value));
  }

  Result<std::string_view> read_string(std::string_view field, uint64_t max_bytes) {
    FATHOM_TRY(length, read_number<uint64_t>(field));
    if (length > reader_.remaining()) return truncated(field);
    if (length > max_bytes) {
      return fail(ErrorCode::corrupt, "{}: {}: is {} bytes long; the limit is {}", source_, field,
                  length, max_bytes);
    }
    return *reader_.read_bytes(length);
  }

  tl::unexpected<Error> truncated(std::string_view field) const {
    return fail(ErrorCode::corrupt,
                "{}: {}: goes beyond the end of the file ({} bytes); the file is truncated, "
                "download it again",
                source_, field, bytes_.size());
  }

  tl::unexpected<Error> too_large(const std::string& field) const {
    return fail(ErrorCode::unsupported, "{}: {}: a number is above 2^63 - 1", source_, field);
  }

  tl::unexpected<Error> unknown_type(ValueType type, const std::string& field) const {
    return fail(ErrorCode::corrupt, "{}: {}: has the unknown value type {}", source_, field,
                static_cast<uint32_t>(type));
  }

  std::span<const std::byte> bytes_;
  ByteReader reader_;
  const std::string& source_;
  CheckpointParts parts_;
  uint64_t kept_ = 0;            // bytes of arrays in memory
  std::vector<Extent> extents_;  // of parts_.tensors, in their order
};

}  // namespace

Result<CheckpointParts> read_gguf(std::span<const std::byte> bytes, const std::string& source) {
  return GgufReader(bytes, source).read();
}

}  // namespace fathom::engine
