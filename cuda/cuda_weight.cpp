#include "cuda/cuda_weight.h"

#include <algorithm>
#include <vector>

#include "cuda/ops.h"
#include "engine/base/assert.h"
#include "engine/reference/host_weight.h"

namespace fathom::cuda {
namespace {

using engine::WeightData;

constexpr size_t kAlignment = 256;

bool is_vector(const WeightData& data) {
  return data.count == 1 && data.rows == 1 && engine::info(data.dtype).block_elements == 1;
}

/// Kernels multiply with a scale behind the sum of a half unit. Within one it would have to go into
/// the numbers, which are then no longer exact in bf16. Published files have blocks of 128 columns:
/// those that end within a half unit become f32, though it is wider.
bool has_odd_scales(const WeightData& data) {
  return data.scales.rows > 0 && data.scales.cols % (kUnit / 2) != 0;
}

DType format_for(const WeightData& data) {
  return is_vector(data) || has_odd_scales(data) ? DType::f32 : data.dtype;
}

std::vector<float> numbers_of(const WeightData& data) {
  const engine::MappedWeight weight(data);
  std::vector<float> numbers(size_t(data.count) * data.rows * data.cols);
  for (int64_t row = 0; row < int64_t{data.count} * data.rows; ++row)
    weight.read_row(static_cast<int>(row / data.rows), static_cast<int>(row % data.rows),
                    std::span(numbers).subspan(row * data.cols, data.cols));
  return numbers;
}

}  // namespace

Result<std::unique_ptr<CudaWeight>> CudaWeight::upload(Queue& queue, Uploader& uploader,
                                                       const WeightData& data) {
  std::unique_ptr<CudaWeight> weight(new CudaWeight(data, format_for(data)));
  WeightView& view = weight->view_;
  view.count = data.count;
  view.rows = data.rows;
  view.cols = data.cols;
  view.n_groups = (data.cols + kGroup - 1) / kGroup;
  if (data.scales.rows > 0 && weight->format_ == DType::f8_e4m3) {
    view.scale_rows = data.scales.rows;
    view.scale_cols = data.scales.cols;
    view.n_scale_rows = (data.rows + data.scales.rows - 1) / data.scales.rows;
    view.n_scale_cols = (data.cols + data.scales.cols - 1) / data.scales.cols;
  }
  FATHOM_CHECK(weight->allocate());
  weight->fill(queue, uploader, 0, data);
  FATHOM_CHECK(status_of(queue, "copying weights to it"));
  return weight;
}

void CudaWeight::replace(Queue& queue, Uploader& uploader, int matrix, const WeightData& data) {
  FATHOM_ASSERT(data.dtype == dtype() && data.rows == rows() && data.cols == cols());
  FATHOM_ASSERT(data.count == 1 && matrix >= 0 && matrix < count());
  fill(queue, uploader, matrix, data);
}

void CudaWeight::fill(Queue& queue, Uploader& uploader, int first, const WeightData& data) {
  if (view_.n_scale_rows > 0) {
    float* scales = view_.block_scales + int64_t{first} * view_.n_scale_rows * view_.n_scale_cols;
    uploader.send(reinterpret_cast<std::byte*>(scales), std::as_bytes(data.scales.values));
  }
  const RowRange range = {int64_t{first} * rows(), int64_t{data.count} * rows()};
  if (format_ == DType::f32 && data.dtype != DType::f32) {
    const std::vector<float> numbers = numbers_of(data);
    copy_rows(queue, uploader, range, std::as_bytes(std::span(numbers)));
  } else {
    copy_rows(queue, uploader, range, data.bytes);
  }
  queue.flush();  // before the memory can be given back
}

/// One allocation for all parts, each aligned for the widest loads.
Status CudaWeight::allocate() {
  const engine::DType dtype = format_;
  const FormatInfo format = format_of(dtype);
  const ScaleBytes scales = scale_bytes(format.scales);
  const size_t n_rows = size_t(view_.count) * view_.rows;
  const size_t n_groups = n_rows * view_.n_groups;
  const size_t sizes[] = {
      dtype == DType::f32 ? n_rows * view_.cols * sizeof(float) : n_groups * (16 * format.low_bits),
      n_groups * (16 * format.high_bits), n_groups * scales.scales, n_groups * scales.deltas,
      size_t(view_.count) * view_.n_scale_rows * view_.n_scale_cols * sizeof(float)};
  size_t offsets[5] = {}, total = 0;
  for (int i = 0; i < 5; ++i) {
    offsets[i] = total;
    total += (sizes[i] + kAlignment - 1) / kAlignment * kAlignment;
  }
  FATHOM_TRY(memory, DeviceBuffer::allocate(total));
  memory_ = std::move(memory);
  auto* base = reinterpret_cast<uint8_t*>(memory_.data());
  view_.low = base + offsets[0];
  view_.high = base + offsets[1];
  view_.scales = base + offsets[2];
  view_.deltas = base + offsets[3];
  if (sizes[4] > 0) view_.block_scales = reinterpret_cast<float*>(base + offsets[4]);
  return {};
}

void CudaWeight::copy_rows(Queue& queue, Uploader& uploader, RowRange rows,
                           std::span<const std::byte> bytes) {
  const size_t row_bytes = bytes.size() / rows.n;
  if (format_ == DType::f32)
    return uploader.send(reinterpret_cast<std::byte*>(view_.low) + rows.first * row_bytes, bytes);
  const auto chunk = std::clamp<int64_t>(Uploader::kPieceBytes / row_bytes, 1, rows.n);
  for (int64_t copied = 0; copied < rows.n; copied += chunk) {
    const int64_t n = std::min(chunk, rows.n - copied);
    const std::byte* staged = uploader.stage(bytes.subspan(copied * row_bytes, n * row_bytes));
    launch_repack(queue, format_, view_, staged, rows.first + copied, n);
  }
}

const float* CudaWeight::vector() const {
  FATHOM_ASSERT(format_ == DType::f32 && count() * rows() == 1);
  return reinterpret_cast<const float*>(view_.low);
}

const CudaWeight& cuda_weight(const engine::Weight& weight) {
  const auto* own = dynamic_cast<const CudaWeight*>(&weight);
  FATHOM_ASSERT(own != nullptr);
  return *own;
}

}  // namespace fathom::cuda
