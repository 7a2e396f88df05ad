#include "engine/reference/host_weight.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assert.h"
#include "engine/base/checked_math.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine {

namespace {

/// Bounds what a product of a scale and a number of 8 bits can be: kernels may reorder factors.
constexpr float kMaxScale = 0x1p100f;

Status validate_scales(const WeightData& data) {
  const BlockScales& scales = data.scales;
  if (data.dtype != DType::f8_e4m3) {
    return fail(ErrorCode::unsupported, "{}: has block scales beside {} numbers; only f8_e4m3 may",
                data.name, info(data.dtype).name);
  }
  if (scales.rows < 1 || scales.cols < 1 || scales.cols % 4 != 0) {
    return fail(ErrorCode::unsupported,
                "{}: scales of {} x {} blocks; their columns must be a multiple of 4", data.name,
                scales.rows, scales.cols);
  }
  const int64_t n_rows = (int64_t{data.rows} + scales.rows - 1) / scales.rows;
  const int64_t n_cols = (int64_t{data.cols} + scales.cols - 1) / scales.cols;
  const std::optional<int64_t> expected = checked_mul(n_rows * n_cols, int64_t{data.count});
  if (!expected || static_cast<uint64_t>(*expected) != scales.values.size()) {
    return fail(ErrorCode::corrupt,
                "{}: {} x [{}, {}] in blocks of {} x {} does not have {} scales", data.name,
                data.count, data.rows, data.cols, scales.rows, scales.cols, scales.values.size());
  }
  const bool in_range = std::all_of(scales.values.begin(), scales.values.end(),
                                    [](float scale) { return std::fabs(scale) < kMaxScale; });
  if (!in_range) {
    return fail(ErrorCode::corrupt, "{}: has a scale that is not a number below 2^100", data.name);
  }
  return {};
}

}  // namespace

Status validate_weight(const WeightData& data) {
  if (data.count < 1 || data.rows < 1 || data.cols < 1) {
    return fail(ErrorCode::corrupt, "{}: shape {} x [{}, {}] is not possible", data.name,
                data.count, data.rows, data.cols);
  }
  const std::optional<int64_t> bytes_per_row = row_bytes(data.dtype, data.cols);
  if (!bytes_per_row) {
    return fail(ErrorCode::corrupt, "{}: rows of {} numbers are not whole {} blocks", data.name,
                data.cols, info(data.dtype).name);
  }
  const std::optional<int64_t> expected =
      checked_mul(int64_t{data.count} * data.rows, *bytes_per_row);
  if (!expected || static_cast<uint64_t>(*expected) != data.bytes.size()) {
    return fail(ErrorCode::corrupt, "{}: {} x [{}, {}] {} does not take {} bytes", data.name,
                data.count, data.rows, data.cols, info(data.dtype).name, data.bytes.size());
  }
  if (data.scales.rows != 0 || !data.scales.values.empty()) return validate_scales(data);
  return {};
}

MappedWeight::MappedWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols),
      bytes_(data.bytes),
      scales_(data.scales),
      row_bytes_(row_bytes(data.dtype, data.cols).value()),
      owner_(data.owner) {}

void MappedWeight::read_row(int matrix, int row, std::span<float> out) const {
  const int64_t index = int64_t{matrix} * rows() + row;
  dequantize(dtype(), bytes_.subspan(index * row_bytes_, row_bytes_), out);
  if (scales_.rows == 0) return;
  const std::span<const float> scales = row_scales(scales_, *this, matrix, row);
  for (size_t i = 0; i < out.size(); ++i) out[i] *= scales[i / scales_.cols];
}

CopiedWeight::CopiedWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols),
      bytes_(data.bytes.begin(), data.bytes.end()),
      scales_(data.scales.values.begin(), data.scales.values.end()),
      view_(view_of_copy(data)) {}

WeightData CopiedWeight::view_of_copy(WeightData data) const {
  data.bytes = bytes_;
  data.scales.values = scales_;
  data.owner = nullptr;
  return data;
}

void CopiedWeight::replace(int matrix, const WeightData& data) {
  FATHOM_ASSERT(data.dtype == dtype() && data.count == 1 && matrix >= 0 && matrix < count());
  FATHOM_ASSERT(data.bytes.size() * count() == bytes_.size());
  FATHOM_ASSERT(data.scales.values.size() * count() == scales_.size());
  std::ranges::copy(data.bytes, bytes_.begin() + matrix * std::ssize(data.bytes));
  std::ranges::copy(data.scales.values, scales_.begin() + matrix * std::ssize(data.scales.values));
}

std::span<const float> row_scales(const BlockScales& scales, const Weight& weight, int matrix,
                                  int row) {
  const int64_t n_rows = (int64_t{weight.rows()} + scales.rows - 1) / scales.rows;
  const int64_t n_cols = (int64_t{weight.cols()} + scales.cols - 1) / scales.cols;
  return scales.values.subspan((matrix * n_rows + row / scales.rows) * n_cols, n_cols);
}

const HostWeight& host_weight(const Weight& weight) {
  const auto* host = dynamic_cast<const HostWeight*>(&weight);
  FATHOM_ASSERT(host != nullptr);
  return *host;
}

}  // namespace fathom::engine
