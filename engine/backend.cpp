#include "engine/backend.h"

#include "engine/base/assert.h"
#include "engine/find_top.h"

namespace fathom::engine {

bool Backend::can_replace(const Weight&) const { return false; }

void Backend::replace(Weight&, int, const WeightData&) {
  FATHOM_ASSERT(false);  // can_replace() said no
}

Status Backend::top_logits(std::span<TopLogits> tops, Tensor logits) {
  FATHOM_ASSERT(has_host_memory() && std::ssize(tops) == logits.rows);
  FATHOM_CHECK(sync());
  for (int row = 0; row < logits.rows; ++row)
    find_top(tops[row], {logits.row(row), static_cast<size_t>(logits.cols)});
  return {};
}

void Backend::add_rms_norm(Tensor y, Tensor x, Tensor delta, const Weight& weight, float eps) {
  add(x, x, delta);
  rms_norm(y, x, weight, eps);
}

void Backend::matmul_each(std::span<const Product> products, Tensor x) {
  for (const Product& product : products) {
    matmul(product.y, x, *product.weight);
    if (product.bias) add_bias(product.y, *product.bias);
  }
}

void Backend::write_keys(CacheRows cache, std::span<const SlotId> slots, Heads queries,
                         const TokenKeys& keys, std::span<const int32_t> positions,
                         const Rope& rope) {
  const Heads& k = keys.rotated;
  FATHOM_ASSERT(k.head_stride == k.dim);
  this->rope(queries.columns(queries.dim - k.dim, k.dim), positions, rope);
  int column = 0;
  const auto write = [&](Tensor part) {
    if (part.cols > 0) write_cache(cache, slots, part, column);
    column += part.cols;
  };
  if (keys.normed.cols > 0) rms_norm(keys.normed, keys.normed, *keys.norm, keys.eps);
  this->rope(k, positions, rope);
  write(keys.normed);
  write({k.data, k.rows, k.n_heads * k.dim, k.row_stride});
  write(keys.plain);
}

void Backend::gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  const Tensor gate = scratch.gate.first_rows(x.rows).columns(0, w.gate->rows());
  const Tensor up = scratch.up.first_rows(x.rows).columns(0, w.up->rows());
  matmul(gate, x, *w.gate);
  matmul(up, x, *w.up);
  silu_mul(gate, gate, up, w.limit);
  matmul(out, gate, *w.down);
}

void Backend::experts_ffn(Tensor x, Routes routes, const ExpertsWeights& w,
                          const ExpertsScratch& scratch) {
  const Tensor routed = scratch.routed_out.first_rows(x.rows);
  const Tensor shared = scratch.shared_out.first_rows(x.rows);
  if (w.routed.gate) moe_ffn(routed, x, routes, w.routed, scratch.routed);
  if (w.shared.gate) gated_ffn(shared, x, w.shared, scratch.shared);
  add(x, shared, routed);
}

}  // namespace fathom::engine
