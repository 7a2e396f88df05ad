// A weight in device memory.

#pragma once

#include <memory>

#include "cuda/uploader.h"
#include "cuda/weight_view.h"
#include "engine/backend.h"

namespace fathom::cuda {

class CudaWeight final : public engine::Weight {
 public:
  /// Lays it out for the kernels (weight_view.h), one row of numbers as f32. `data` must have
  /// passed validate_weight(). Errors: out_of_memory, device_lost.
  static Result<std::unique_ptr<CudaWeight>> upload(Queue& queue, Uploader& uploader,
                                                    const engine::WeightData& data);

  /// See Backend::replace(). The queue knows what goes wrong.
  void replace(Queue& queue, Uploader& uploader, int matrix, const engine::WeightData& data);

  size_t size_bytes() const override { return memory_.size(); }
  /// What the numbers are on the device: that of the file, or f32.
  engine::DType format() const { return format_; }
  const WeightView& view() const { return view_; }
  /// A norm or bias: one row of f32.
  const float* vector() const;

 private:
  CudaWeight(const engine::WeightData& data, engine::DType format)
      : Weight(data.dtype, data.count, data.rows, data.cols), format_(format) {}
  Status allocate();
  /// `data` has matrices [first, first + data.count).
  void fill(Queue& queue, Uploader& uploader, int first, const engine::WeightData& data);
  struct RowRange {
    int64_t first, n;  // of all matrices
  };
  void copy_rows(Queue& queue, Uploader& uploader, RowRange rows, std::span<const std::byte> bytes);

  engine::DType format_;
  DeviceBuffer memory_;
  WeightView view_;
};

/// The weight as this backend's own. A weight of another backend is a programming error.
const CudaWeight& cuda_weight(const engine::Weight& weight);

}  // namespace fathom::cuda
