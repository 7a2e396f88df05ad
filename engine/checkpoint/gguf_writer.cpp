#include "engine/checkpoint/gguf_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/base/atomic_file.h"
#include "engine/base/checked_math.h"
#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/ggml_types.h"

namespace fathom::engine {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kAlignment = 32;        // the default, so that no key needs to say it
constexpr size_t kMaxNameOfLlamaCpp = 63;  // GGML_MAX_NAME - 1

// gguf_metadata_value_type
enum class ValueType : uint32_t {
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
};

uint64_t aligned(uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

class Bytes final {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  void number(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void type(ValueType value) { number(static_cast<uint32_t>(value)); }
  void string(std::string_view text) {
    number<uint64_t>(text.size());
    bytes_.append(text);
  }
  void raw(std::string_view text) { bytes_.append(text); }
  void pad() { bytes_.resize(aligned(bytes_.size())); }

  std::string take() { return std::move(bytes_); }

  void value(bool v) {
    type(ValueType::boolean);
    number<uint8_t>(v);
  }
  void value(int64_t v) {
    if (v < std::numeric_limits<int32_t>::min() || v > std::numeric_limits<uint32_t>::max()) {
      type(v < 0 ? ValueType::i64 : ValueType::u64);
      number(v);
    } else {
      type(v < 0 ? ValueType::i32 : ValueType::u32);
      number(static_cast<uint32_t>(v));
    }
  }
  void value(double v) {
    type(ValueType::f32);
    number(static_cast<float>(v));
  }
  void value(const std::string& v) {
    type(ValueType::string);
    string(v);
  }
  void value(const std::vector<int64_t>& values) {
    const bool fits =
        std::ranges::all_of(values, [](int64_t v) { return std::in_range<int32_t>(v); });
    array(fits ? ValueType::i32 : ValueType::i64, values.size());
    for (const int64_t v : values) fits ? number(static_cast<int32_t>(v)) : number(v);
  }
  void value(const std::vector<double>& values) {
    array(ValueType::f32, values.size());
    for (const double v : values) number(static_cast<float>(v));
  }
  void value(const std::vector<std::string>& values) {
    array(ValueType::string, values.size());
    for (const std::string& v : values) string(v);
  }

 private:
  void array(ValueType of, uint64_t n) {
    type(ValueType::array);
    type(of);
    number(n);
  }

  std::string bytes_;
};

std::optional<uint64_t> size_of(const GgufWriter::Tensor& tensor) {
  std::optional<int64_t> size = row_bytes(tensor.dtype, tensor.shape.back());
  for (size_t i = 0; size && i + 1 < tensor.shape.size(); ++i)
    size = checked_mul(*size, tensor.shape[i]);
  return size ? std::optional<uint64_t>(static_cast<uint64_t>(*size)) : std::nullopt;
}

std::span<const std::byte> zeros(uint64_t n) {
  static constexpr std::byte kZeros[kAlignment] = {};
  return std::span(kZeros).first(n);
}

}  // namespace

void GgufWriter::set(std::string key, Metadata::Value value) {
  metadata_.set(std::move(key), std::move(value));
}

Status GgufWriter::add_tensor(Tensor tensor) {
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return fail(code, "tensor '{}': {}", tensor.name, why);
  };
  if (tensor.name.size() > kMaxNameOfLlamaCpp || !is_printable(tensor.name))
    return refuse(ErrorCode::invalid_argument, "is not a name that GGUF files may have");
  if (std::ranges::find(tensors_, tensor.name, &Tensor::name) != tensors_.end())
    return refuse(ErrorCode::invalid_argument, "is there twice");
  if (tensor.shape.empty() || tensor.shape.size() > kMaxDims ||
      std::ranges::any_of(tensor.shape, [](int64_t n) { return n < 1; }))
    return refuse(ErrorCode::invalid_argument, "has a shape that GGUF cannot express");
  if (!find_ggml_type(tensor.dtype))
    return fail(ErrorCode::unsupported, "tensor '{}': GGUF has no type {}", tensor.name,
                info(tensor.dtype).name);
  const std::optional<uint64_t> size = size_of(tensor);
  if (!size)
    return fail(ErrorCode::unsupported,
                "tensor '{}': rows of {} numbers are not whole blocks of {}", tensor.name,
                tensor.shape.back(), info(tensor.dtype).name);

  const uint64_t offset = tensors_.empty() ? 0 : aligned(offsets_.back() + sizes_.back());
  offsets_.push_back(offset);
  sizes_.push_back(*size);
  tensors_.push_back(std::move(tensor));
  return {};
}

std::string GgufWriter::header() const {
  Bytes out;
  out.raw("GGUF");
  out.number(kVersion);
  out.number<uint64_t>(tensors_.size());
  out.number<uint64_t>(metadata_.all().size());
  for (const auto& [key, value] : metadata_.all()) {
    out.string(key);
    std::visit([&](const auto& v) { out.value(v); }, value);
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = tensors_[i];
    out.string(tensor.name);
    out.number(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t d = tensor.shape.size(); d-- > 0;)  // the file has the innermost dimension first
      out.number<uint64_t>(static_cast<uint64_t>(tensor.shape[d]));
    out.number(find_ggml_type(tensor.dtype)->number);
    out.number(offsets_[i]);
  }
  out.pad();
  return out.take();
}

uint64_t GgufWriter::size_bytes() const {
  return header().size() + (tensors_.empty() ? 0 : aligned(offsets_.back() + sizes_.back()));
}

Status GgufWriter::write(const std::filesystem::path& path, const Produce& produce) const {
  FATHOM_TRY(file, AtomicFile::create(path));
  const std::string head = header();
  FATHOM_CHECK(file.write(std::as_bytes(std::span(head))));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const uint64_t end = file.size() + sizes_[i];
    FATHOM_CHECK(produce(i, [&](std::span<const std::byte> bytes) { return file.write(bytes); }));
    if (file.size() != end)
      return fail(ErrorCode::internal, "tensor '{}': {} bytes were given, not {}", tensors_[i].name,
                  file.size() + sizes_[i] - end, sizes_[i]);
    FATHOM_CHECK(file.write(zeros(aligned(end) - end)));
  }
  return file.commit();
}

}  // namespace fathom::engine
