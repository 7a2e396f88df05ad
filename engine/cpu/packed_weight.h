// A weight in the layout that the kernels read (panel.h).

#pragma once

#include <memory>
#include <vector>

#include "engine/base/thread_pool.h"
#include "engine/cpu/panel.h"
#include "engine/cpu/panel_store.h"
#include "engine/reference/host_weight.h"

namespace fathom::engine::cpu {

class PackedWeight final : public HostWeight {
 public:
  /// With its panels made. `data` must have passed validate_weight(). Errors: out_of_memory.
  static Result<std::unique_ptr<PackedWeight>> pack(const WeightData& data, ThreadPool& pool);
  /// To be made later by whoever has store().
  static std::unique_ptr<PackedWeight> unpacked(const WeightData& data);

  void read_row(int matrix, int row, std::span<float> out) const override {
    store_->read_row(matrix, row, out);
  }
  size_t size_bytes() const override { return static_cast<size_t>(store_->size_bytes()); }

  /// Makes the panels of one matrix anew. They must have been made, and nobody may read them.
  void replace(int matrix, const WeightData& data, ThreadPool& pool);

  bool is_quantised() const { return info(dtype()).block_elements > 1; }
  int n_panels() const { return static_cast<int>(store_->matrix_panels()); }
  int64_t panel_bytes() const { return store_->panel_bytes(); }
  int64_t scale_columns() const { return store_->scale_columns(); }
  /// Of a matrix; null before they are made.
  const uint8_t* panels(int matrix) const {
    const uint8_t* all = store_->panels();
    return all == nullptr ? nullptr : all + matrix * store_->matrix_panels() * panel_bytes();
  }
  /// One of them.
  const uint8_t* panel(int matrix, int index) const {
    const uint8_t* all = panels(matrix);
    return all == nullptr ? nullptr : all + index * panel_bytes();
  }
  /// One panel, made now, to out [panel_bytes()].
  void write_panel(uint8_t* out, int matrix, int panel) const {
    store_->write_panel(out, matrix * store_->matrix_panels() + panel);
  }
  const std::shared_ptr<PanelStore>& store() const { return store_; }

 private:
  explicit PackedWeight(const WeightData& data)
      : HostWeight(data.dtype, data.count, data.rows, data.cols),
        store_(std::make_shared<PanelStore>(data)) {}

  std::shared_ptr<PanelStore> store_;
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
