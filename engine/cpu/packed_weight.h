// A weight in the layout that the kernels read (panel.h).

#pragma once

#include <memory>

#include "engine/base/thread_pool.h"
#include "engine/cpu/aligned_buffer.h"
#include "engine/cpu/panel.h"
#include "engine/reference/host_weight.h"

namespace fathom::engine::cpu {

class PackedWeight final : public HostWeight {
 public:
  /// `data` must have passed validate_weight(). Errors: out_of_memory.
  static Result<std::unique_ptr<PackedWeight>> pack(const WeightData& data, ThreadPool& pool);

  /// The same numbers, bit for bit, as in the file.
  void read_row(int matrix, int row, std::span<float> out) const override;
  size_t size_bytes() const override { return static_cast<size_t>(matrix_bytes_) * count(); }

  bool is_quantised() const { return info(dtype()).block_elements > 1; }
  int n_panels() const { return (rows() + kPanelRows - 1) / kPanelRows; }
  int64_t panel_bytes() const { return panel_bytes_; }
  /// Columns that share a scale (f8_e4m3 only); a multiple of 4.
  int64_t scale_columns() const { return scale_columns_; }
  const uint8_t* panels(int matrix) const { return bytes_.data() + matrix * matrix_bytes_; }

 private:
  explicit PackedWeight(const WeightData& data);
  void pack_panel(const WeightData& data, int matrix, int panel);
  /// Scales of a row of f8_e4m3 numbers, to `out`, where the panel's begin.
  void put_scales(const BlockScales& scales, int matrix, int row, uint8_t* out) const;
  /// Of a panel of floats, without its scales.
  int64_t number_bytes() const { return int64_t{cols()} * kPanelRows * info(dtype()).block_bytes; }

  int64_t scale_columns_ = 0;
  int64_t panel_bytes_ = 0;
  int64_t matrix_bytes_ = 0;
  AlignedBuffer<uint8_t> bytes_;
};

/// One row of floats, kept as f32: norms and biases. The only widening there is, of some kilobytes.
class VectorWeight final : public HostWeight {
 public:
  /// `data` must have passed validate_weight() and have one row.
  explicit VectorWeight(const WeightData& data);

  void read_row(int matrix, int row, std::span<float> out) const override;
  size_t size_bytes() const override { return numbers_.size() * sizeof(float); }
  const float* data() const { return numbers_.data(); }

 private:
  std::vector<float> numbers_;
};

}  // namespace fathom::engine::cpu
