#include "engine/checkpoint/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/base/checked_math.h"
#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/byte_reader.h"
#include "engine/checkpoint/json_file.h"

namespace fathom::engine {
namespace {

using Json = nlohmann::json;

// The format's own library takes 100 MB. The largest shards of DeepSeek models have 200 kB; what is
// read here must not cost more memory than a small model.
constexpr uint64_t kMaxHeaderBytes = 16 << 20;
constexpr size_t kMaxHeaderValues = 400'000;  // ten a tensor at most
constexpr size_t kMaxTypeName = 32;

struct StoredType {
  std::string_view name;
  int bits;
  std::optional<DType> dtype;
};

constexpr StoredType kTypes[] = {
    {"F32", 32, DType::f32},
    {"F16", 16, DType::f16},
    {"BF16", 16, DType::bf16},
    {"F64", 64, {}},
    {"F8_E4M3", 8, DType::f8_e4m3},
    {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},
    {"F4", 4, {}},
    {"BOOL", 8, {}},
    {"I8", 8, {}},
    {"U8", 8, {}},
    {"I16", 16, {}},
    {"U16", 16, {}},
    {"I32", 32, {}},
    {"U32", 32, {}},
    {"I64", 64, {}},
    {"U64", 64, {}},
};

const StoredType* find_type(std::string_view name) {
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const StoredType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : &*found;
}

/// A non-negative integer that fits; nothing for any other JSON.
std::optional<int64_t> count_of(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<uint64_t>();
  if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(number);
}

class SafetensorsReader final {
 public:
  SafetensorsReader(std::span<const std::byte> file, const std::string& source)
      : file_(file), source_(source) {}

  Result<std::vector<TensorInfo>> read() {
    FATHOM_TRY(header, read_header());
    if (header.size() > kMaxTensors + 1) {
      return fail(ErrorCode::unsupported, "{}: has {} tensors; the limit is {}", source_,
                  header.size(), kMaxTensors);
    }
    std::vector<TensorInfo> tensors;
    tensors.reserve(header.size());
    for (const auto& [name, description] : header.items()) {
      if (name == "__metadata__") continue;
      FATHOM_TRY(tensor, read_tensor(name, description));
      tensors.push_back(std::move(tensor));
    }
    FATHOM_CHECK(check_overlaps(source_, tensors));
    FATHOM_CHECK(check_gaps(tensors));
    return tensors;
  }

 private:
  /// Bytes of no tensor could be a file of another kind.
  Status check_gaps(const std::vector<TensorInfo>& tensors) const {
    size_t used = 0;
    for (const TensorInfo& tensor : tensors) used += tensor.bytes.size();
    if (used == data_.size()) return {};
    return fail(ErrorCode::corrupt, "{}: {} bytes belong to no tensor", source_,
                data_.size() - used);
  }

  Result<Json> read_header() {
    ByteReader reader(file_);
    const auto length = reader.read<uint64_t>();
    if (!length || *length > reader.remaining()) {
      return fail(ErrorCode::corrupt,
                  "{}: the header goes beyond the end of the file ({} bytes); the file is "
                  "truncated, download it again",
                  source_, file_.size());
    }
    if (*length > kMaxHeaderBytes) {
      return fail(ErrorCode::unsupported, "{}: the header is {} bytes; the limit is {}", source_,
                  *length, kMaxHeaderBytes);
    }
    const auto text = reader.read_bytes(*length);
    data_ = file_.subspan(reader.offset());
    Json header;
    FATHOM_CHECK(parse_json(*text, fmt::format("{}: the header", source_), header, nullptr,
                            kMaxHeaderValues));
    if (!header.is_object())
      return fail(ErrorCode::corrupt, "{}: the header is not a JSON object", source_);
    return header;
  }

  Result<TensorInfo> read_tensor(const std::string& name, const Json& description) {
    if (!is_printable(name) || name.size() > kMaxTensorName) {
      return fail(ErrorCode::corrupt,
                  "{}: the name of a tensor is empty, not text, or longer than {} bytes", source_,
                  kMaxTensorName);
    }
    TensorInfo tensor;
    tensor.name = name;
    FATHOM_CHECK(read_type(description, tensor));
    FATHOM_CHECK(read_shape(description, tensor));
    FATHOM_CHECK(read_extent(description, tensor));
    return tensor;
  }

  Status read_type(const Json& description, TensorInfo& tensor) {
    const auto field = description.is_object() ? description.find("dtype") : description.end();
    if (field == description.end() || !field->is_string())
      return bad_tensor(tensor, "'dtype' is missing");
    tensor.type_name = field->get<std::string>();
    if (!is_printable(tensor.type_name) || tensor.type_name.size() > kMaxTypeName)
      return bad_tensor(tensor, "'dtype' is not the name of a type");
    if (const StoredType* type = find_type(tensor.type_name)) tensor.dtype = type->dtype;
    return {};
  }

  Status read_shape(const Json& description, TensorInfo& tensor) {
    const auto field = description.find("shape");
    if (field == description.end() || !field->is_array())
      return bad_tensor(tensor, "'shape' is missing");
    if (field->size() > kMaxDims) {
      return fail(ErrorCode::unsupported, "{}: tensor '{}': has {} dimensions; the limit is {}",
                  source_, tensor.name, field->size(), kMaxDims);
    }
    for (const Json& item : *field) {
      const auto dim = count_of(item);
      if (!dim) return bad_tensor(tensor, "'shape' has a dimension that is not a size");
      tensor.shape.push_back(*dim);
    }
    return {};
  }

  Status read_extent(const Json& description, TensorInfo& tensor) {
    const auto field = description.find("data_offsets");
    if (field == description.end() || !field->is_array() || field->size() != 2)
      return bad_tensor(tensor, "'data_offsets' is missing");
    const auto begin = count_of((*field)[0]);
    const auto end = count_of((*field)[1]);
    if (!begin || !end || *begin > *end) return bad_tensor(tensor, "'data_offsets' is not a range");
    if (static_cast<uint64_t>(*end) > data_.size()) {
      return fail(ErrorCode::corrupt,
                  "{}: tensor '{}': ends at byte {} of {} bytes of data; the file is truncated, "
                  "download it again",
                  source_, tensor.name, *end, data_.size());
    }
    FATHOM_CHECK(check_size(tensor, *end - *begin));
    tensor.bytes = data_.subspan(static_cast<size_t>(*begin), static_cast<size_t>(*end - *begin));
    return {};
  }

  /// The size of a type that this file's table does not know cannot be checked; it stays inside
  /// the file all the same.
  Status check_size(const TensorInfo& tensor, int64_t size) {
    const StoredType* type = find_type(tensor.type_name);
    if (!type) return {};
    std::optional<int64_t> bits = type->bits;
    for (const int64_t dim : tensor.shape)
      if (bits) bits = checked_mul(*bits, dim);
    if (!bits) return bad_tensor(tensor, "the product of its dimensions overflows");
    if (*bits % 8 != 0 || *bits / 8 != size) {
      return fail(ErrorCode::corrupt, "{}: tensor '{}': has {} bytes where its shape needs {}",
                  source_, tensor.name, size, *bits / 8);
    }
    return {};
  }

  tl::unexpected<Error> bad_tensor(const TensorInfo& tensor, std::string_view what) const {
    return fail(ErrorCode::corrupt, "{}: tensor '{}': {}", source_, tensor.name, what);
  }

  std::span<const std::byte> file_;
  std::span<const std::byte> data_;  // after the header
  const std::string& source_;
};

}  // namespace

Result<std::vector<TensorInfo>> read_safetensors(std::span<const std::byte> file,
                                                 const std::string& source) {
  return SafetensorsReader(file, source).read();
}

}  // namespace fathom::engine
