#include "engine/convert/tensor_source.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "engine/base/assert.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine {
namespace {

/// [rows, cols] of a tensor of any number of dimensions.
struct MatrixShape {
  int64_t rows, cols;
};

MatrixShape matrix_shape(const TensorInfo& tensor) {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < tensor.shape.size(); ++i) rows *= tensor.shape[i];
  return {rows, tensor.shape.empty() ? 1 : tensor.shape.back()};
}

/// Powers of two without sign or mantissa (OCP MX): V3.1 and later keep scales so.
float from_e8m0(std::byte byte) {
  const auto exponent = static_cast<uint32_t>(byte);
  if (exponent == 0xff) return std::bit_cast<float>(0x7fc00000u);
  return exponent == 0 ? 0x1p-127f : std::bit_cast<float>(exponent << 23);
}

Result<std::vector<float>> read_scales(const TensorInfo& tensor) {
  const auto [rows, cols] = matrix_shape(tensor);
  std::vector<float> scales(static_cast<size_t>(rows * cols));
  if (tensor.type_name == "F8_E8M0") {
    std::ranges::transform(tensor.bytes, scales.begin(), from_e8m0);
  } else if (tensor.dtype && info(*tensor.dtype).block_elements == 1) {
    dequantize(*tensor.dtype, tensor.bytes, scales);
  } else {
    return fail(ErrorCode::unsupported, "tensor '{}': scales of type {} cannot be read",
                tensor.name, tensor.type_name);
  }
  return scales;
}

}  // namespace

Result<TensorSource> read_stored(const StoredTensor& stored) {
  const TensorInfo* tensor = stored.tensor;
  if (!tensor->dtype) {
    return fail(ErrorCode::unsupported, "tensor '{}': numbers of type {} cannot be read",
                tensor->name, tensor->type_name);
  }
  const MatrixShape shape = matrix_shape(*tensor);
  const int64_t rows = shape.rows, cols = shape.cols;
  const DType dtype = *tensor->dtype;
  const int64_t row_size = *row_bytes(dtype, cols);
  TensorSource source = {.rows = rows, .cols = cols, .unit = 1, .read = {}, .stored = tensor};
  source.read = [tensor, dtype, row_size, cols](int64_t first, std::span<float> out) {
    const int64_t n = static_cast<int64_t>(out.size()) / cols;
    dequantize(dtype, tensor->bytes.subspan(first * row_size, n * row_size), out);
  };
  if (!stored.scales) return source;

  const int64_t scale_cols = (cols + stored.block_cols - 1) / stored.block_cols;
  const int64_t scale_rows = (rows + stored.block_rows - 1) / stored.block_rows;
  FATHOM_TRY(values, read_scales(*stored.scales));
  if (static_cast<int64_t>(values.size()) != scale_rows * scale_cols) {
    return fail(ErrorCode::corrupt, "tensor '{}': has {} scales, not {} x {}", stored.scales->name,
                values.size(), scale_rows, scale_cols);
  }
  source.stored = nullptr;
  source.read = [plain = std::move(source.read), stored, cols, scale_cols,
                 scales = std::make_shared<const std::vector<float>>(std::move(values))](
                    int64_t first, std::span<float> out) {
    plain(first, out);
    for (int64_t r = 0; r * cols < static_cast<int64_t>(out.size()); ++r) {
      const float* row_scales = scales->data() + (first + r) / stored.block_rows * scale_cols;
      for (int64_t c = 0; c < cols; ++c) out[r * cols + c] *= row_scales[c / stored.block_cols];
    }
  };
  return source;
}

Result<TensorSource> interleave_heads(TensorSource source, int64_t n_heads) {
  // A bias is one row of which the columns are permuted.
  const bool is_bias = source.rows == 1;
  const int64_t n = is_bias ? source.cols : source.rows;
  if (n_heads < 1 || n % (2 * n_heads) != 0)
    return fail(ErrorCode::corrupt, "{} rows are not pairs of {} heads", n, n_heads);
  const int64_t half = n / n_heads / 2;
  const auto from = [half](int64_t to) {
    const int64_t head = to / (2 * half), i = to % (2 * half) / 2, j = to % 2;
    return head * 2 * half + j * half + i;
  };
  source.stored = nullptr;
  if (is_bias) {
    source.read = [read = std::move(source.read), from](int64_t first, std::span<float> out) {
      std::vector<float> row(out.size());
      read(first, row);
      for (size_t i = 0; i < out.size(); ++i) out[i] = row[from(static_cast<int64_t>(i))];
    };
    return source;
  }
  source.read = [read = std::move(source.read), from, cols = source.cols](int64_t first,
                                                                          std::span<float> out) {
    for (int64_t r = 0; r * cols < static_cast<int64_t>(out.size()); ++r)
      read(from(first + r), out.subspan(r * cols, cols));
  };
  return source;
}

TensorSource stack(std::vector<TensorSource> sources) {
  FATHOM_ASSERT(!sources.empty());
  const int64_t rows = sources[0].rows, cols = sources[0].cols;
  TensorSource all = {.rows = rows * static_cast<int64_t>(sources.size()), .cols = cols};
  all.read = [sources = std::move(sources), rows, cols](int64_t first, std::span<float> out) {
    while (!out.empty()) {
      const int64_t begin = first % rows;
      const int64_t n = std::min(rows - begin, static_cast<int64_t>(out.size()) / cols);
      sources[first / rows].read(begin, out.first(n * cols));
      out = out.subspan(n * cols);
      first += n;
    }
  };
  return all;
}

TensorSource pick_rows(TensorSource source, const HeadRows& heads) {
  TensorSource picked = {.rows = heads.n_heads * heads.n, .cols = source.cols};
  picked.read = [read = std::move(source.read), heads, cols = source.cols](int64_t first,
                                                                           std::span<float> out) {
    for (int64_t r = 0; r * cols < static_cast<int64_t>(out.size()); ++r) {
      const int64_t head = (first + r) / heads.n, row = (first + r) % heads.n;
      read(head * heads.head_rows + heads.begin + row, out.subspan(r * cols, cols));
    }
  };
  return picked;
}

TensorSource pick_transposed(TensorSource source, const HeadRows& heads) {
  TensorSource picked = {.rows = heads.n_heads * source.cols, .cols = heads.n, .unit = source.cols};
  picked.read = [read = std::move(source.read), heads, rows = source.cols](int64_t first,
                                                                           std::span<float> out) {
    std::vector<float> head(static_cast<size_t>(heads.n * rows));
    for (int64_t at = 0; at < static_cast<int64_t>(out.size()); at += heads.n * rows) {
      const int64_t index = (first + at / heads.n) / rows;
      read(index * heads.head_rows + heads.begin, head);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < heads.n; ++c) out[at + r * heads.n + c] = head[c * rows + r];
    }
  };
  return picked;
}

TensorSource constants(std::vector<float> values) {
  TensorSource source = {.rows = 1, .cols = static_cast<int64_t>(values.size())};
  source.read = [values = std::move(values)](int64_t, std::span<float> out) {
    std::ranges::copy(values, out.begin());
  };
  return source;
}

}  // namespace fathom::engine
