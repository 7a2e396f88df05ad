#include "engine/reference/reference_backend.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/base/assert.h"
#include "engine/base/processors.h"
#include "engine/base/system.h"
#include "engine/quant/quantize.h"
#include "engine/reference/gate.h"
#include "engine/reference/host_weight.h"

namespace fathom::engine {
namespace {

constexpr size_t kAlignment = 64;

// calloc hands out zero pages of the system untouched: a large KV cache costs no memory until it
// is used. That is why this aligns by hand instead of clearing what aligned_alloc returns.
class HostBuffer final : public Buffer {
 public:
  HostBuffer(void* block, void* aligned) : block_(block), aligned_(aligned) {}
  ~HostBuffer() override { std::free(block_); }
  void* data() override { return aligned_; }

 private:
  void* block_;
  void* aligned_;
};

}  // namespace

ReferenceBackend::ReferenceBackend(int n_threads)
    : pool_(effective_threads(n_threads)), thread_scratch_(pool_.size()) {}

std::string ReferenceBackend::description() const {
  return fmt::format("plain loops, f64 sums, {} threads", pool_.size());
}

Result<std::unique_ptr<Buffer>> ReferenceBackend::allocate(size_t size_bytes) {
  const size_t padded = size_bytes + kAlignment;
  void* block = padded > size_bytes ? std::calloc(padded, 1) : nullptr;
  if (block == nullptr) {
    return fail(ErrorCode::out_of_memory, "cannot allocate {} MiB of memory", size_bytes >> 20);
  }
  if (size_bytes >= kLargePageBytes) prefer_large_pages(block, padded);
  const auto address = reinterpret_cast<uintptr_t>(block);
  const size_t shift = (kAlignment - address % kAlignment) % kAlignment;
  return std::make_unique<HostBuffer>(block, static_cast<std::byte*>(block) + shift);
}

Result<std::unique_ptr<Weight>> ReferenceBackend::upload(WeightData data) {
  FATHOM_CHECK(validate_weight(data));
  // A copy: a model file that is truncated later must not take the process with it.
  return std::make_unique<CopiedWeight>(data);
}

bool ReferenceBackend::can_replace(const Weight& weight) const {
  return dynamic_cast<const CopiedWeight*>(&weight) != nullptr;
}

void ReferenceBackend::replace(Weight& weight, int matrix, const WeightData& data) {
  static_cast<CopiedWeight&>(weight).replace(matrix, data);
}

Status ReferenceBackend::download(std::span<float> host, Tensor x) {
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  for (int row = 0; row < x.rows; ++row) {
    std::copy_n(x.row(row), x.cols, host.data() + int64_t{row} * x.cols);
  }
  return {};
}

void ReferenceBackend::write(Tensor x, std::span<const float> host) {
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  for (int row = 0; row < x.rows; ++row) {
    std::copy_n(host.data() + int64_t{row} * x.cols, x.cols, x.row(row));
  }
}

void ReferenceBackend::embed(Tensor out, std::span<const TokenId> ids, const Weight& table) {
  const HostWeight& weight = host_weight(table);
  FATHOM_ASSERT(out.rows == static_cast<int>(ids.size()) && out.cols == table.cols());
  for (int row = 0; row < out.rows; ++row) {
    FATHOM_ASSERT(ids[row] >= 0 && ids[row] < table.rows());
    weight.read_row(0, ids[row], {out.row(row), static_cast<size_t>(out.cols)});
  }
}

// Source: Zhang and Sennrich 2019, arXiv:1910.07467; DeepseekV2RMSNorm in the official code.
void ReferenceBackend::rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols && weight.cols() == x.cols);
  std::vector<float> w(x.cols);
  host_weight(weight).read_row(0, 0, w);
  for (int row = 0; row < x.rows; ++row) {
    const float* in = x.row(row);
    float* out = y.row(row);
    double sum = 0.0;
    for (int i = 0; i < x.cols; ++i) sum += double{in[i]} * in[i];
    const double scale = 1.0 / std::sqrt(sum / x.cols + eps);
    for (int i = 0; i < x.cols; ++i) out[i] = static_cast<float>(in[i] * scale * w[i]);
  }
}

// Source: Ba et al. 2016, arXiv:1607.06450.
void ReferenceBackend::layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                                  float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols);
  FATHOM_ASSERT(weight.cols() == x.cols && bias.cols() == x.cols);
  scale_.resize(x.cols);
  base_.resize(x.cols);
  host_weight(weight).read_row(0, 0, scale_);
  host_weight(bias).read_row(0, 0, base_);
  for (int row = 0; row < x.rows; ++row) {
    const float* in = x.row(row);
    float* out = y.row(row);
    double sum = 0.0;
    for (int i = 0; i < x.cols; ++i) sum += in[i];
    const double mean = sum / x.cols;
    double squares = 0.0;
    for (int i = 0; i < x.cols; ++i) squares += (in[i] - mean) * (in[i] - mean);
    const double factor = 1.0 / std::sqrt(squares / x.cols + eps);
    for (int i = 0; i < x.cols; ++i)
      out[i] = static_cast<float>((in[i] - mean) * factor * scale_[i] + base_[i]);
  }
}

void ReferenceBackend::add(Tensor y, Tensor a, Tensor b) {
  FATHOM_ASSERT(y.rows == a.rows && y.cols == a.cols && a.rows == b.rows && a.cols == b.cols);
  for (int row = 0; row < y.rows; ++row) {
    for (int i = 0; i < y.cols; ++i) y.row(row)[i] = a.row(row)[i] + b.row(row)[i];
  }
}

void ReferenceBackend::add_bias(Tensor y, const Weight& bias) {
  FATHOM_ASSERT(bias.cols() == y.cols);
  std::vector<float> b(y.cols);
  host_weight(bias).read_row(0, 0, b);
  for (int row = 0; row < y.rows; ++row) {
    for (int i = 0; i < y.cols; ++i) y.row(row)[i] += b[i];
  }
}

void ReferenceBackend::unit_rms_norm(Heads y, Heads x, float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.n_heads == x.n_heads && y.dim == x.dim);
  for (int row = 0; row < x.rows; ++row) {
    for (int head = 0; head < x.n_heads; ++head) {
      const float* in = x.at(row, head);
      float* out = y.at(row, head);
      double sum = 0.0;
      for (int i = 0; i < x.dim; ++i) sum += double{in[i]} * in[i];
      const double scale = 1.0 / std::sqrt(sum / x.dim + eps);
      for (int i = 0; i < x.dim; ++i) out[i] = static_cast<float>(in[i] * scale);
    }
  }
}

// silu(x) = x / (1 + exp(-x)). Source: Shazeer 2020, arXiv:2002.05202 ("SwiGLU"); the limit is that
// of DeepSeek-V4's inference/model.py, class Expert.
void ReferenceBackend::silu_mul(Tensor y, Tensor gate, Tensor up, float limit) {
  FATHOM_ASSERT(y.rows == gate.rows && y.cols == gate.cols);
  FATHOM_ASSERT(gate.rows == up.rows && gate.cols == up.cols);
  for (int row = 0; row < y.rows; ++row) {
    for (int i = 0; i < y.cols; ++i) {
      y.row(row)[i] = reference::silu_mul(gate.row(row)[i], up.row(row)[i], limit);
    }
  }
}

// (a, b) -> (a cos - b sin, a sin + b cos) with the angle position * inverse_frequencies[i].
// Source: Su et al. 2021, arXiv:2104.09864; the layouts are those of the official DeepSeek code
// (interleaved) and of Hugging Face's Llama (half_split).
void ReferenceBackend::rope(Heads x, std::span<const int32_t> positions, const Rope& rope) {
  const int n_pairs = x.dim / 2;
  FATHOM_ASSERT(x.rows == static_cast<int>(positions.size()));
  FATHOM_ASSERT(static_cast<int>(rope.inverse_frequencies.size()) == n_pairs);
  const bool interleaved = rope.layout == RopeLayout::interleaved;
  for (int row = 0; row < x.rows; ++row) {
    for (int i = 0; i < n_pairs; ++i) {
      const double angle = double{rope.inverse_frequencies[i]} * positions[row];
      const double cosine = std::cos(angle) * rope.magnitude;
      const double sine = std::sin(angle) * rope.magnitude;
      for (int head = 0; head < x.n_heads; ++head) {
        float* numbers = x.at(row, head);
        float& a = numbers[interleaved ? 2 * i : i];
        float& b = numbers[interleaved ? 2 * i + 1 : i + n_pairs];
        const double rotated_a = a * cosine - b * sine;
        const double rotated_b = a * sine + b * cosine;
        a = static_cast<float>(rotated_a);
        b = static_cast<float>(rotated_b);
      }
    }
  }
}

void ReferenceBackend::gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) {
  FATHOM_ASSERT(out.rows == static_cast<int>(rows.size()) && out.cols == x.cols);
  for (int row = 0; row < out.rows; ++row) {
    FATHOM_ASSERT(rows[row] >= 0 && rows[row] < x.rows);
    std::copy_n(x.row(rows[row]), x.cols, out.row(row));
  }
}

void ReferenceBackend::write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x,
                                   int column) {
  FATHOM_ASSERT(x.rows == static_cast<int>(slots.size()));
  FATHOM_ASSERT(column >= 0 && column + x.cols <= cache.cols);
  for (int row = 0; row < x.rows; ++row) {
    FATHOM_ASSERT(slots[row] >= 0 && slots[row] < cache.rows);
    quantize(cache.dtype, {x.row(row), static_cast<size_t>(x.cols)},
             {cache.at(slots[row], column), static_cast<size_t>(cache.bytes_of(x.cols))});
  }
}

}  // namespace fathom::engine
