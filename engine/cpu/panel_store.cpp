#include "engine/cpu/panel_store.h"

#include <algorithm>
#include <cstring>

#include "engine/base/file_pages.h"
#include "engine/cpu/panel.h"
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

PanelStore::PanelStore(const WeightData& data)
    : source_(data), file_(data.file), matrix_panels_((data.rows + kPanelRows - 1) / kPanelRows) {
  const int cols = data.cols;
  int64_t bytes = 0;
  if (is_quantised()) {
    const PanelFormat format = panel_format(data.dtype);
    bytes = int64_t{cols / kQuantBlock} * format.block_bytes() +
            int64_t{cols / format.scale_columns} * format.scale_bytes;
  } else {
    bytes = number_bytes();
  }
  if (data.dtype == DType::f8_e4m3) {
    scale_columns_ = data.scales.rows != 0 ? data.scales.cols : (int64_t{cols} + 3) / 4 * 4;
    bytes += (cols + scale_columns_ - 1) / scale_columns_ * kPanelRows * int64_t{sizeof(float)};
  }
  panel_bytes_ = (bytes + 63) / 64 * 64;
}

int64_t PanelStore::number_bytes() const {
  return int64_t{source_.cols()} * kPanelRows * info(source_.dtype()).block_bytes;
}

Status PanelStore::reserve() {
  // The bytes in the file, of which there are hardly fewer, have been counted in 64 bits.
  if (memory_.try_reserve(static_cast<size_t>(size_bytes()))) return {};
  return fail(ErrorCode::out_of_memory, "no memory for {} MiB of weights", size_bytes() >> 20);
}

void PanelStore::write_panels(int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) write_panel(memory_.data() + i * panel_bytes_, i);
}

void PanelStore::remake_panels(int64_t first, const PanelStore& other, int64_t begin, int64_t end) {
  FATHOM_ASSERT(other.panel_bytes_ == panel_bytes_ && other.scale_columns_ == scale_columns_);
  for (int64_t i = begin; i < end; ++i)
    other.write_panel(memory_.data() + (first + i - begin) * panel_bytes_, i);
}

void PanelStore::write_panel(uint8_t* out, int64_t index) const {
  const int cols = source_.cols();
  const auto matrix = static_cast<int>(index / matrix_panels_);
  const int first_row = static_cast<int>(index % matrix_panels_) * kPanelRows;
  const int n_rows = std::min(source_.rows() - first_row, kPanelRows);
  const std::span<const std::byte> in = source_.row_range(matrix, first_row, n_rows);
  if (is_quantised()) return cpu::write_panel(source_.dtype(), out, in, n_rows, cols);
  switch (info(source_.dtype()).block_bytes) {
    case 1:
      interleave<uint8_t>(out, in, n_rows, cols);
      break;
    case 2:
      interleave<uint16_t>(out, in, n_rows, cols);
      break;
    default:
      interleave<uint32_t>(out, in, n_rows, cols);
  }
  if (source_.dtype() != DType::f8_e4m3) return;
  std::memset(out + number_bytes(), 0, panel_bytes_ - number_bytes());
  for (int lane = 0; lane < n_rows; ++lane) {
    put_scales(matrix, first_row + lane, out + number_bytes());
  }
}

void PanelStore::put_scales(int matrix, int row, uint8_t* out) const {
  const float one = 1.0f;
  const BlockScales& scales = source_.scales();
  const std::span<const float> values =
      scales.rows != 0 ? row_scales(scales, source_, matrix, row) : std::span(&one, 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = kF8ScaleFactor * values[i];
    std::memcpy(out + (i * kPanelRows + row % kPanelRows) * sizeof scale, &scale, sizeof scale);
  }
}

void PanelStore::read_row(int matrix, int row, std::span<float> out) const {
  FATHOM_ASSERT(static_cast<int>(out.size()) == source_.cols());
  const uint8_t* all = panels();
  if (all == nullptr) return source_.read_row(matrix, row, out);
  const uint8_t* panel = all + (matrix * matrix_panels_ + row / kPanelRows) * panel_bytes_;
  const int lane = row % kPanelRows;
  const DType dtype = source_.dtype();
  if (is_quantised()) return read_panel_row(dtype, panel, lane, out);

  const int size = info(dtype).block_bytes;
  for (size_t k = 0; k < out.size(); ++k) {
    std::byte number[4];
    std::memcpy(number, panel + (k * kPanelRows + lane) * size, size);
    dequantize(dtype, {number, static_cast<size_t>(size)}, out.subspan(k, 1));
    if (dtype == DType::f8_e4m3) {
      float scale = 0.0f;
      std::memcpy(&scale,
                  panel + number_bytes() + (k / scale_columns_ * kPanelRows + lane) * sizeof scale,
                  sizeof scale);
      out[k] *= scale / kF8ScaleFactor;
    }
  }
}

void PanelStore::release_pages() const {
  if (file_ != nullptr) release_file_pages(file_->bytes(), source_.bytes());
}

void PanelStore::drop_source() {
  file_ = nullptr;
  source_.drop();
}

}  // namespace fathom::engine::cpu
