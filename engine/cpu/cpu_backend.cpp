#include "engine/cpu/cpu_backend.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace fathom::engine::cpu {

CpuBackend::CpuBackend(const CpuVariant& variant, int n_threads, size_t pack_later_bytes)
    : ReferenceBackend(n_threads),
      variant_(variant),
      kernels_(*variant.kernels),
      pack_later_bytes_(pack_later_bytes) {}

std::string CpuBackend::description() const {
  return fmt::format("{}, {} threads", variant_.name, n_threads());
}

Result<std::unique_ptr<Weight>> CpuBackend::upload(WeightData data) {
  FATHOM_CHECK(validate_weight(data));
  const bool is_vector = data.count == 1 && data.rows == 1;
  if (is_vector && info(data.dtype).block_elements == 1)
    return std::make_unique<VectorWeight>(data);
  if (data.file == nullptr || data.file->bytes().size() < pack_later_bytes_)
    return PackedWeight::pack(data, pool());

  auto weight = PackedWeight::unpacked(data);
  panel_bytes_ = std::max(panel_bytes_, weight->panel_bytes());
  if (!panels_.try_reserve(n_threads() * panel_bytes_))
    return fail(ErrorCode::out_of_memory, "{}: no memory to read it", data.name);
  pack_later_.add(weight->store());
  return weight;
}

bool CpuBackend::can_replace(const Weight& weight) const {
  const auto* packed = dynamic_cast<const PackedWeight*>(&weight);
  return packed != nullptr && packed->panels(0) != nullptr;
}

void CpuBackend::replace(Weight& weight, int matrix, const WeightData& data) {
  static_cast<PackedWeight&>(weight).replace(matrix, data, pool());
}

void CpuBackend::embed(Tensor out, std::span<const TokenId> ids, const Weight& table) {
  const HostWeight& weight = host_weight(table);
  FATHOM_ASSERT(out.rows == static_cast<int>(ids.size()) && out.cols == table.cols());
  share(out.rows, int64_t{3} * out.rows * out.cols, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      FATHOM_ASSERT(ids[row] >= 0 && ids[row] < table.rows());
      weight.read_row(0, ids[row], {out.row(row), static_cast<size_t>(out.cols)});
    }
  });
}

const float* CpuBackend::vector_of(const Weight& weight) {
  if (const auto* vector = dynamic_cast<const VectorWeight*>(&weight)) return vector->data();
  row_.resize(weight.cols());
  host_weight(weight).read_row(0, 0, row_);
  return row_.data();
}

void CpuBackend::rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols && weight.cols() == x.cols);
  const float* w = vector_of(weight);
  share(x.rows, int64_t{x.rows} * x.cols / 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      kernels_.rms_norm(y.row(row), x.row(row), w, x.cols, eps);
    }
  });
}

void CpuBackend::add(Tensor y, Tensor a, Tensor b) {
  FATHOM_ASSERT(y.rows == a.rows && y.cols == a.cols && a.rows == b.rows && a.cols == b.cols);
  share(y.rows, int64_t{y.rows} * y.cols / 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* out = y.row(row);
      const float* left = a.row(row);
      const float* right = b.row(row);
      for (int i = 0; i < y.cols; ++i) out[i] = left[i] + right[i];
    }
  });
}

void CpuBackend::add_bias(Tensor y, const Weight& bias) {
  FATHOM_ASSERT(bias.cols() == y.cols);
  const float* b = vector_of(bias);
  share(y.rows, int64_t{y.rows} * y.cols / 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* out = y.row(row);
      for (int i = 0; i < y.cols; ++i) out[i] += b[i];
    }
  });
}

void CpuBackend::silu_mul(Tensor y, Tensor gate, Tensor up, float limit) {
  FATHOM_ASSERT(y.rows == gate.rows && y.cols == gate.cols);
  FATHOM_ASSERT(gate.rows == up.rows && gate.cols == up.cols);
  share(y.rows, int64_t{y.rows} * y.cols, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      kernels_.silu_mul(y.row(row), gate.row(row), up.row(row), y.cols, limit);
    }
  });
}

void CpuBackend::write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x, int column) {
  FATHOM_ASSERT(x.rows == static_cast<int>(slots.size()));
  share(x.rows, int64_t{x.rows} * x.cols / 4, [&](int64_t begin, int64_t end, int) {
    const int n = static_cast<int>(end - begin);
    ReferenceBackend::write_cache(cache, slots.subspan(begin, n),
                                  {x.row(begin), n, x.cols, x.stride}, column);
  });
}

}  // namespace fathom::engine::cpu
