#include "engine/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

#include "engine/base/checked_math.h"
#include "engine/cpu/panel_row.h"
#include "engine/cpu/quant_block.h"
#include "engine/quant/dequantize.h"

namespace fathom::engine::cpu {
namespace {

/// Rows of numbers of the size of T, from a file, to [cols][kPanelRows].
template <class T>
void interleave(uint8_t* out, std::span<const std::byte> rows, int n_rows, int cols) {
  T numbers[kPanelRows] = {};
  for (int64_t k = 0; k < cols; ++k) {
    for (int lane = 0; lane < n_rows; ++lane) {
      std::memcpy(numbers + lane, rows.data() + (int64_t{lane} * cols + k) * sizeof(T), sizeof(T));
    }
    std::memcpy(out + k * sizeof numbers, numbers, sizeof numbers);
  }
}

}  // namespace

PackedWeight::PackedWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols) {
  int64_t bytes = 0;
  if (is_quantised()) {
    const PanelFormat format = panel_format(dtype());
    bytes = int64_t{cols() / kQuantBlock} * format.block_bytes() +
            int64_t{cols() / format.scale_columns} * format.scale_bytes;
  } else {
    bytes = number_bytes();
  }
  if (dtype() == DType::f8_e4m3) {
    scale_columns_ = data.scales.rows != 0 ? data.scales.cols : (int64_t{cols()} + 3) / 4 * 4;
    bytes += (cols() + scale_columns_ - 1) / scale_columns_ * kPanelRows * int64_t{sizeof(float)};
  }
  panel_bytes_ = (bytes + 63) / 64 * 64;
  matrix_bytes_ = panel_bytes_ * n_panels();
}

Result<std::unique_ptr<PackedWeight>> PackedWeight::pack(const WeightData& data, ThreadPool& pool) {
  std::unique_ptr<PackedWeight> weight(new PackedWeight(data));
  const std::optional<int64_t> total = checked_mul<int64_t>(weight->matrix_bytes_, data.count);
  if (!total || !weight->bytes_.try_reserve(static_cast<size_t>(*total))) {
    return fail(ErrorCode::out_of_memory, "{}: no memory for {} MiB of weights", data.name,
                weight->size_bytes() >> 20);
  }
  const int64_t n_panels = int64_t{data.count} * weight->n_panels();
  pool.parallel_for(n_panels, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t index = begin; index < end; ++index) {
      weight->pack_panel(data, static_cast<int>(index / weight->n_panels()),
                         static_cast<int>(index % weight->n_panels()));
    }
  });
  return weight;
}

void PackedWeight::pack_panel(const WeightData& data, int matrix, int panel) {
  uint8_t* out = bytes_.data() + matrix * matrix_bytes_ + panel * panel_bytes_;
  const int64_t row_size = row_bytes(dtype(), cols()).value();
  const int first_row = panel * kPanelRows;
  const int n_rows = std::min(rows() - first_row, kPanelRows);
  const int64_t index = int64_t{matrix} * rows() + first_row;
  const std::span<const std::byte> in = data.bytes.subspan(index * row_size, n_rows * row_size);
  if (is_quantised()) {
    write_panel(dtype(), out, in, n_rows, cols());
    return;
  }
  switch (info(dtype()).block_bytes) {
    case 1:
      interleave<uint8_t>(out, in, n_rows, cols());
      break;
    case 2:
      interleave<uint16_t>(out, in, n_rows, cols());
      break;
    default:
      interleave<uint32_t>(out, in, n_rows, cols());
  }
  if (dtype() != DType::f8_e4m3) return;
  std::memset(out + number_bytes(), 0, panel_bytes_ - number_bytes());
  for (int lane = 0; lane < n_rows; ++lane) {
    put_scales(data.scales, matrix, first_row + lane, out + number_bytes());
  }
}

void PackedWeight::put_scales(const BlockScales& scales, int matrix, int row, uint8_t* out) const {
  const float one = 1.0f;
  const std::span<const float> values =
      scales.rows != 0 ? row_scales(scales, *this, matrix, row) : std::span(&one, 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = kF8ScaleFactor * values[i];
    std::memcpy(out + (i * kPanelRows + row % kPanelRows) * sizeof scale, &scale, sizeof scale);
  }
}

void PackedWeight::read_row(int matrix, int row, std::span<float> out) const {
  FATHOM_ASSERT(static_cast<int>(out.size()) == cols());
  const uint8_t* panel = panels(matrix) + row / kPanelRows * panel_bytes_;
  const int lane = row % kPanelRows;
  if (is_quantised()) return read_panel_row(dtype(), panel, lane, out);

  const int size = info(dtype()).block_bytes;
  for (int64_t k = 0; k < cols(); ++k) {
    std::byte number[4];
    std::memcpy(number, panel + (k * kPanelRows + lane) * size, size);
    dequantize(dtype(), {number, static_cast<size_t>(size)}, out.subspan(k, 1));
    if (dtype() == DType::f8_e4m3) {
      float scale = 0.0f;
      std::memcpy(&scale,
                  panel + number_bytes() + (k / scale_columns_ * kPanelRows + lane) * sizeof scale,
                  sizeof scale);
      out[k] *= scale / kF8ScaleFactor;
    }
  }
}

VectorWeight::VectorWeight(const WeightData& data)
    : HostWeight(data.dtype, data.count, data.rows, data.cols), numbers_(data.cols) {
  MappedWeight(data).read_row(0, 0, numbers_);
}

void VectorWeight::read_row(int, int, std::span<float> out) const {
  FATHOM_ASSERT(out.size() == numbers_.size());
  std::copy(numbers_.begin(), numbers_.end(), out.begin());
}

}  // namespace fathom::engine::cpu
