#include "engine/models/stored_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>

#include <fmt/ranges.h>

#include "engine/base/assert.h"
#include "engine/models/limits.h"
#include "engine/quant/blocks.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine {
namespace {

constexpr int kFp4Block = 32;

const TensorInfo* find_scales(const Checkpoint& checkpoint, const std::string& name) {
  constexpr std::string_view kWeight = ".weight";
  if (const TensorInfo* found = checkpoint.find(name + "_scale_inv")) return found;
  if (!name.ends_with(kWeight)) return nullptr;
  return checkpoint.find(name.substr(0, name.size() - kWeight.size()) + ".scale");
}

bool is_fp4(const TensorInfo& tensor) { return tensor.type_name == "I8"; }
bool is_e8m0(const TensorInfo& tensor) { return tensor.type_name == "F8_E8M0"; }

Status check_shape(const TensorInfo& tensor, int64_t rows, int64_t cols) {
  const int64_t expected[] = {rows, cols};
  if (std::ranges::equal(tensor.shape, expected)) return {};
  return fail(ErrorCode::corrupt, "tensor {} has shape [{}]; expected [{}]", tensor.name,
              fmt::join(tensor.shape, ", "), fmt::join(expected, ", "));
}

int64_t n_blocks(int64_t n, int64_t block) { return (n + block - 1) / block; }

Result<std::vector<float>> scales_of(const TensorInfo& tensor) {
  if (is_e8m0(tensor)) {
    std::vector<float> values(tensor.bytes.size());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = std::ldexp(1.0f, static_cast<int>(tensor.bytes[i]) - 127);
    return values;
  }
  if (!tensor.dtype || info(*tensor.dtype).block_elements != 1)
    return fail(ErrorCode::unsupported, "tensor {} has type {}; scales are F32, BF16 or F8_E8M0",
                tensor.name, tensor.type_name);
  std::vector<float> values(tensor.bytes.size() / info(*tensor.dtype).block_bytes);
  dequantize(*tensor.dtype, tensor.bytes, values);
  return values;
}

Result<StoredMatrix> read_fp8(const Checkpoint& checkpoint, const TensorInfo& tensor,
                              const TensorInfo& scales, int64_t rows, int64_t cols) {
  FATHOM_CHECK(check_shape(tensor, rows, cols));
  StoredMatrix m = {.name = tensor.name, .dtype = DType::f8_e4m3, .bytes = tensor.bytes};
  m.block_rows = m.block_cols = 128;
  const auto stored = checkpoint.metadata().integers("quantization_config.weight_block_size");
  if (!stored.empty()) {
    if (stored.size() != 2 || std::ranges::min(stored) < 1 || std::ranges::max(stored) > kMaxDim)
      return fail(ErrorCode::corrupt,
                  "quantization_config.weight_block_size has an impossible "
                  "value; expected two sizes");
    m.block_rows = static_cast<int>(stored[0]);
    m.block_cols = static_cast<int>(stored[1]);
  }
  FATHOM_CHECK(check_shape(scales, n_blocks(rows, m.block_rows), n_blocks(cols, m.block_cols)));
  FATHOM_TRY(values, scales_of(scales));
  m.scales = std::move(values);
  return m;
}

// MXFP4 holds numbers i and i + 16 of a block in one byte; the file holds 2i and 2i + 1.
Result<StoredMatrix> read_fp4(const TensorInfo& tensor, const TensorInfo& scales, int64_t rows,
                              int64_t cols) {
  if (cols % kFp4Block != 0)
    return fail(ErrorCode::unsupported,
                "tensor {} has rows of {} numbers, not of whole blocks of {}", tensor.name, cols,
                kFp4Block);
  FATHOM_CHECK(check_shape(tensor, rows, cols / 2));
  FATHOM_CHECK(check_shape(scales, rows, cols / kFp4Block));
  const int64_t n = rows * (cols / kFp4Block);
  auto made = std::make_shared<std::vector<std::byte>>(n * sizeof(BlockMxfp4));
  const std::byte* in = tensor.bytes.data();
  for (int64_t i = 0; i < n; ++i, in += kFp4Block / 2) {
    BlockMxfp4 block = {.e = static_cast<uint8_t>(scales.bytes[i]), .qs = {}};
    const auto number = [&](int k) { return static_cast<int>(in[k / 2]) >> 4 * (k % 2) & 15; };
    for (int k = 0; k < 16; ++k)
      block.qs[k] = static_cast<uint8_t>(number(k) | number(k + 16) << 4);
    std::memcpy(made->data() + i * sizeof(block), &block, sizeof(block));
  }
  return StoredMatrix{
      .name = tensor.name, .dtype = DType::mxfp4, .bytes = *made, .made = std::move(made)};
}

std::vector<std::byte> copy_columns(const StoredMatrix& m, int64_t row_size, int64_t first,
                                    int64_t size) {
  std::vector<std::byte> out;
  out.reserve(m.bytes.size() / row_size * size);
  for (size_t row = 0; row < m.bytes.size(); row += row_size) {
    const auto bytes = m.bytes.subspan(row + first, size);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

void cut_scales(StoredMatrix& m, int64_t cols, Range rows, Range part) {
  const int64_t width = n_blocks(cols, m.block_cols);
  const auto row_unit = std::gcd(int64_t{m.block_rows}, rows.begin);
  const auto col_unit = std::gcd(int64_t{m.block_cols}, part.begin);
  std::vector<float> scales;
  for (int64_t row = rows.begin; row < rows.end; row += row_unit)
    for (int64_t col = part.begin; col < part.end; col += col_unit)
      scales.push_back(m.scales[row / m.block_rows * width + col / m.block_cols]);
  m.scales = std::move(scales);
  m.block_rows = static_cast<int>(row_unit);
  m.block_cols = static_cast<int>(col_unit);
}

}  // namespace

bool is_scaled(const Checkpoint& checkpoint, const TensorInfo& tensor) {
  if (tensor.dtype == DType::f8_e4m3) return true;
  const TensorInfo* scales = is_fp4(tensor) ? find_scales(checkpoint, tensor.name) : nullptr;
  return scales && is_e8m0(*scales);
}

Result<StoredMatrix> read_scaled_matrix(const Checkpoint& checkpoint, const TensorInfo& tensor,
                                        int64_t rows, int64_t cols) {
  const TensorInfo* scales = find_scales(checkpoint, tensor.name);
  if (!scales)
    return fail(ErrorCode::corrupt, "tensor {} has type {} and no scales beside it ({}_scale_inv)",
                tensor.name, tensor.type_name, tensor.name);
  return is_fp4(tensor) ? read_fp4(tensor, *scales, rows, cols)
                        : read_fp8(checkpoint, tensor, *scales, rows, cols);
}

StoredMatrix cut(StoredMatrix m, int64_t cols, Range rows, Range part) {
  const auto bytes_of = [&](int64_t n) { return row_bytes(m.dtype, n).value(); };
  const int64_t row_size = bytes_of(cols);
  m.bytes = m.bytes.subspan(rows.begin * row_size, rows.size() * row_size);
  if (m.block_rows > 0) cut_scales(m, cols, rows, part);
  if (part.size() == cols) return m;
  m.made = std::make_shared<const std::vector<std::byte>>(
      copy_columns(m, row_size, bytes_of(part.begin), bytes_of(part.end) - bytes_of(part.begin)));
  m.bytes = *m.made;
  return m;
}

void append_scales(const StoredMatrix& m, int64_t cols, int64_t first, int64_t n, int unit,
                   std::vector<float>& out) {
  FATHOM_ASSERT(m.block_rows % unit == 0 && first % unit == 0 && n % unit == 0);
  const int64_t width = n_blocks(cols, m.block_cols);
  for (int64_t row = first; row < first + n; row += unit) {
    const auto begin = m.scales.begin() + row / m.block_rows * width;
    out.insert(out.end(), begin, begin + width);
  }
}

}  // namespace fathom::engine
