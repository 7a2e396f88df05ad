#include "engine/models/mla.h"

#include <cstring>

#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"

namespace fathom::engine {
namespace {

// kv_b is [n_heads * (nope + v), kv_lora]: for each head the rows of W_UK, then those of W_UV.
struct KvB {
  const TensorInfo& tensor;
  const MlaConfig& config;

  std::span<const std::byte> rows(int head, int first, int n) const {
    const int64_t row = *row_bytes(*tensor.dtype, config.kv_lora);
    const int64_t begin = int64_t{head} * (config.nope_dim + config.v_dim) + first;
    return tensor.bytes.subspan(begin * row, n * row);
  }
  std::span<const std::byte> key_rows(int head) const { return rows(head, 0, config.nope_dim); }
  std::span<const std::byte> value_rows(int head) const {
    return rows(head, config.nope_dim, config.v_dim);
  }
};

WeightData pick_values(const KvB& kv_b) {
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (int head = 0; head < kv_b.config.n_heads; ++head) {
    const auto rows = kv_b.value_rows(head);
    bytes->insert(bytes->end(), rows.begin(), rows.end());
  }
  return {.name = kv_b.tensor.name + " (values)",
          .dtype = *kv_b.tensor.dtype,
          .count = kv_b.config.n_heads,
          .rows = kv_b.config.v_dim,
          .cols = kv_b.config.kv_lora,
          .bytes = *bytes,
          .owner = bytes};
}

// out [cols, rows] = transpose of in [rows, cols], numbers of `size` bytes.
void transpose(std::byte* out, const std::byte* in, int rows, int cols, size_t size) {
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < cols; ++c)
      std::memcpy(out + (size_t(c) * rows + r) * size, in + (size_t(r) * cols + c) * size, size);
}

std::vector<uint16_t> to_f16(DType dtype, std::span<const std::byte> bytes, size_t n) {
  std::vector<float> numbers(n);
  dequantize(dtype, bytes, numbers);
  std::vector<uint16_t> halves(n);
  for (size_t i = 0; i < n; ++i) halves[i] = f32_to_f16(numbers[i]);
  return halves;
}

WeightData transpose_keys(const KvB& kv_b) {
  const auto& [tensor, config] = kv_b;
  const bool is_quantised = info(*tensor.dtype).block_elements > 1;
  const DType dtype = is_quantised ? DType::f16 : *tensor.dtype;
  const size_t size = info(dtype).block_bytes;
  const size_t n = size_t(config.nope_dim) * config.kv_lora;

  auto bytes = std::make_shared<std::vector<std::byte>>(config.n_heads * n * size);
  std::vector<uint16_t> halves;
  for (int head = 0; head < config.n_heads; ++head) {
    std::span<const std::byte> rows = kv_b.key_rows(head);
    if (is_quantised) {
      halves = to_f16(*tensor.dtype, rows, n);
      rows = std::as_bytes(std::span(halves));
    }
    transpose(bytes->data() + head * n * size, rows.data(), config.nope_dim, config.kv_lora, size);
  }
  return {.name = tensor.name + " (keys)",
          .dtype = dtype,
          .count = config.n_heads,
          .rows = config.kv_lora,
          .cols = config.nope_dim,
          .bytes = *bytes,
          .owner = bytes};
}

}  // namespace

MlaWeights bind_mla(Binder::Scope in, const MlaConfig& c) {
  const int64_t q_dim = int64_t{c.n_heads} * (c.nope_dim + c.rope_dim);
  MlaWeights w;
  if (c.q_lora > 0) {
    w.q_a = in.matrix({"self_attn.q_a_proj.weight", "attn_q_a.weight"}, c.q_lora, c.dim);
    w.q_a_norm = in.vector({"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"}, c.q_lora);
    w.q_b = in.matrix({"self_attn.q_b_proj.weight", "attn_q_b.weight"}, q_dim, c.q_lora);
  } else {
    w.q_b = in.matrix({"self_attn.q_proj.weight", "attn_q.weight"}, q_dim, c.dim);
  }
  w.kv_a = in.matrix({"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
                     c.kv_lora + c.rope_dim, c.dim);
  w.kv_a_norm = in.vector({"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"}, c.kv_lora);
  w.out = in.matrix({"self_attn.o_proj.weight", "attn_output.weight"}, c.dim,
                    int64_t{c.n_heads} * c.v_dim);

  if (in.has({"", "attn_k_b.weight"})) {
    w.k_b = in.heads({"", "attn_k_b.weight"}, c.n_heads, c.kv_lora, c.nope_dim);
    w.v_b = in.heads({"", "attn_v_b.weight"}, c.n_heads, c.v_dim, c.kv_lora);
    return w;
  }
  const int64_t shape[] = {int64_t{c.n_heads} * (c.nope_dim + c.v_dim), c.kv_lora};
  if (const TensorInfo* tensor =
          in.require({"self_attn.kv_b_proj.weight", "attn_kv_b.weight"}, shape)) {
    const KvB kv_b = {*tensor, c};
    w.k_b = in.upload(transpose_keys(kv_b));
    w.v_b = in.upload(pick_values(kv_b));
  }
  return w;
}

MlaScratch MlaScratch::allocate(ScratchAllocator& memory, int max_batch, const MlaConfig& c) {
  return {.q_a = c.q_lora > 0 ? memory.tensor(max_batch, c.q_lora) : Tensor{},
          .q = memory.tensor(max_batch, c.n_heads * (c.nope_dim + c.rope_dim)),
          .kv = memory.tensor(max_batch, c.cache_width()),
          .q_latent = memory.tensor(max_batch, c.n_heads * c.kv_lora),
          .out_latent = memory.tensor(max_batch, c.n_heads * c.kv_lora),
          .out = memory.tensor(max_batch, c.n_heads * c.v_dim)};
}

void mla_attention(Backend& backend, Tensor x, const Batch& batch, Tensor cache,
                   const MlaWeights& w, const MlaConfig& c, const MlaScratch& scratch,
                   LayerProbe probe) {
  const Tensor q = scratch.q.first_rows(x.rows);
  const Tensor kv = scratch.kv.first_rows(x.rows);
  const Tensor latent = kv.columns(0, c.kv_lora);
  const Heads k_pe = kv.columns(c.kv_lora, c.rope_dim).heads(1);
  const Heads q_nope = q.heads(c.n_heads, 0, c.nope_dim);
  const Heads q_pe = q.heads(c.n_heads, c.nope_dim, c.rope_dim);
  const Heads q_latent = scratch.q_latent.first_rows(x.rows).heads(c.n_heads);
  const Heads out_latent = scratch.out_latent.first_rows(x.rows).heads(c.n_heads);
  const Tensor out = scratch.out.first_rows(x.rows);

  Tensor query_input = x;
  if (w.q_a) {
    query_input = scratch.q_a.first_rows(x.rows);
    backend.matmul(query_input, x, *w.q_a);
    backend.rms_norm(query_input, query_input, *w.q_a_norm, c.norm_eps);
  }
  backend.matmul(q, query_input, *w.q_b);
  backend.rope(q_pe, batch.positions, c.rope);

  backend.matmul(kv, x, *w.kv_a);
  backend.rms_norm(latent, latent, *w.kv_a_norm, c.norm_eps);
  backend.rope(k_pe, batch.positions, c.rope);
  probe.see("kv_latent", latent);
  probe.see("k_pe", kv.columns(c.kv_lora, c.rope_dim));
  backend.write_cache(cache, batch.slots, kv, 0);

  backend.matmul_heads(q_latent, q_nope, *w.k_b);
  backend.latent_attention(out_latent, q_latent, q_pe, cache, batch.sequences, c.softmax_scale);
  backend.matmul_heads(out.heads(c.n_heads), out_latent, *w.v_b);
  backend.matmul(x, out, *w.out);
}

}  // namespace fathom::engine
