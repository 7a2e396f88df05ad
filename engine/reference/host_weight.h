// Weights of the backends that compute on the host.

#pragma once

#include <span>

#include "engine/backend.h"

namespace fathom::engine {

/// A weight whose rows can be read back as numbers, however it is laid out.
/// Threads: immutable; any.
class HostWeight : public Weight {
 public:
  using Weight::Weight;

  /// Row `row` of matrix `matrix`: out [cols].
  virtual void read_row(int matrix, int row, std::span<float> out) const = 0;
};

/// The bytes of the model file as they are.
class MappedWeight final : public HostWeight {
 public:
  /// `data` must have passed validate_weight().
  explicit MappedWeight(const WeightData& data);

  void read_row(int matrix, int row, std::span<float> out) const override;
  size_t size_bytes() const override { return bytes_.size(); }

  std::span<const std::byte> bytes() const { return bytes_; }
  /// Of `n` rows from `first` on.
  std::span<const std::byte> row_range(int matrix, int first, int n) const {
    return bytes_.subspan((int64_t{matrix} * rows() + first) * row_bytes_, n * row_bytes_);
  }
  const BlockScales& scales() const { return scales_; }
  /// Lets the bytes go; nothing can be read any more.
  void drop() {
    bytes_ = {};
    scales_.values = {};
    owner_.reset();
  }

 private:
  std::span<const std::byte> bytes_;
  BlockScales scales_;
  int64_t row_bytes_ = 0;
  std::shared_ptr<const void> owner_;
};

/// Bytes of its own, laid out as in the file.
class CopiedWeight final : public HostWeight {
 public:
  /// `data` must have passed validate_weight().
  explicit CopiedWeight(const WeightData& data);

  void read_row(int matrix, int row, std::span<float> out) const override {
    view_.read_row(matrix, row, out);
  }
  size_t size_bytes() const override { return view_.size_bytes(); }

  void replace(int matrix, const WeightData& data);

 private:
  WeightData view_of_copy(WeightData data) const;

  std::vector<std::byte> bytes_;
  std::vector<float> scales_;
  MappedWeight view_;  // of those
};

/// Errors: corrupt (the shape is not possible or does not match the number of bytes; scales that
/// do not match the shape or are not numbers), unsupported (scales of another type or block shape).
Status validate_weight(const WeightData& data);

/// The scales [ceil(weight.cols / scales.cols)] of row `row` of matrix `matrix` of a weight that
/// has some.
std::span<const float> row_scales(const BlockScales& scales, const Weight& weight, int matrix,
                                  int row);

/// The weight as a host backend's own. A weight of another backend is a programming error.
const HostWeight& host_weight(const Weight& weight);

}  // namespace fathom::engine
