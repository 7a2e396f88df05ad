#include "engine/models/mla.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "engine/quant/dequantize.h"
#include "engine/quant/half.h"

namespace fathom::engine {
namespace {

// kv_b is [n_heads * (nope + v), kv_lora]: for each head the rows of W_UK, then those of W_UV.
struct KvB {
  const StoredMatrix& matrix;
  const MlaConfig& config;
  Range heads;  // that are wanted

  int n_heads() const { return static_cast<int>(heads.size()); }

  std::span<const std::byte> rows(int64_t head, int first, int n) const {
    const int64_t row = *row_bytes(matrix.dtype, config.kv_lora);
    return matrix.bytes.subspan(first_row(head, first) * row, n * row);
  }
  int64_t first_row(int64_t head, int first) const {
    return head * (config.nope_dim + config.v_dim) + first;
  }
  bool is_scaled() const { return matrix.block_rows > 0; }
  /// Rows of the blocks that the scales of its pieces are for: whole blocks may run across heads.
  int piece_rows() const {
    return std::gcd(matrix.block_rows, std::gcd(config.nope_dim, config.v_dim));
  }
};

/// What is cut out of kv_b, kept until the backend has it.
struct Piece {
  std::vector<std::byte> bytes;
  std::vector<float> scales;
};

WeightData pick_values(const KvB& kv_b) {
  const auto& [matrix, c, heads] = kv_b;
  auto piece = std::make_shared<Piece>();
  for (int64_t head = heads.begin; head < heads.end; ++head) {
    const auto rows = kv_b.rows(head, c.nope_dim, c.v_dim);
    piece->bytes.insert(piece->bytes.end(), rows.begin(), rows.end());
    if (kv_b.is_scaled())
      append_scales(matrix, c.kv_lora, kv_b.first_row(head, c.nope_dim), c.v_dim, kv_b.piece_rows(),
                    piece->scales);
  }
  WeightData data = {.name = matrix.name + " (values)",
                     .dtype = matrix.dtype,
                     .count = kv_b.n_heads(),
                     .rows = c.v_dim,
                     .cols = c.kv_lora,
                     .bytes = piece->bytes,
                     .owner = piece};
  if (kv_b.is_scaled())
    data.scales = {.rows = kv_b.piece_rows(), .cols = matrix.block_cols, .values = piece->scales};
  return data;
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

void append_transposed_scales(const KvB& kv_b, int64_t head, std::vector<float>& out) {
  const auto& [matrix, c, heads] = kv_b;
  std::vector<float> scales;
  append_scales(matrix, c.kv_lora, kv_b.first_row(head, 0), c.nope_dim, kv_b.piece_rows(), scales);
  const size_t rows = c.nope_dim / kv_b.piece_rows(), cols = scales.size() / rows;
  for (size_t column = 0; column < cols; ++column)
    for (size_t row = 0; row < rows; ++row) out.push_back(scales[row * cols + column]);
}

WeightData transpose_keys(const KvB& kv_b) {
  const auto& [matrix, c, heads] = kv_b;
  const bool is_quantised = info(matrix.dtype).block_elements > 1;
  const DType dtype = is_quantised ? DType::f16 : matrix.dtype;
  const size_t size = info(dtype).block_bytes;
  const size_t n = size_t(c.nope_dim) * c.kv_lora;

  auto piece = std::make_shared<Piece>();
  piece->bytes.resize(heads.size() * n * size);
  std::vector<uint16_t> halves;
  for (int64_t head = heads.begin; head < heads.end; ++head) {
    std::span<const std::byte> rows = kv_b.rows(head, 0, c.nope_dim);
    if (is_quantised) {
      halves = to_f16(matrix.dtype, rows, n);
      rows = std::as_bytes(std::span(halves));
    }
    transpose(piece->bytes.data() + (head - heads.begin) * n * size, rows.data(), c.nope_dim,
              c.kv_lora, size);
    if (kv_b.is_scaled()) append_transposed_scales(kv_b, head, piece->scales);
  }
  WeightData data = {.name = matrix.name + " (keys)",
                     .dtype = dtype,
                     .count = kv_b.n_heads(),
                     .rows = c.kv_lora,
                     .cols = c.nope_dim,
                     .bytes = piece->bytes,
                     .owner = piece};
  if (kv_b.is_scaled())
    data.scales = {.rows = matrix.block_cols, .cols = kv_b.piece_rows(), .values = piece->scales};
  return data;
}

}  // namespace

MlaWeights bind_mla(Binder::Scope in, const MlaConfig& c) {
  constexpr TensorName kOut = {"self_attn.o_proj.weight", "attn_output.weight"};
  const int64_t q_width = c.nope_dim + c.rope_dim;
  const int64_t q_dim = c.n_heads * q_width;
  const Range heads = in.shard().equal_part_of(c.n_heads, c.v_dim, in.column_unit(kOut));
  const MatrixPart q_part = {.rows = heads.times(q_width)};
  MlaWeights w;
  w.is_partial = heads.size() < c.n_heads;
  if (c.q_lora > 0) {
    w.q_a = in.matrix({"self_attn.q_a_proj.weight", "attn_q_a.weight"}, c.q_lora, c.dim);
    w.q_a_norm = in.vector({"self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"}, c.q_lora);
    w.q_b = in.matrix({"self_attn.q_b_proj.weight", "attn_q_b.weight"}, q_dim, c.q_lora, q_part);
  } else {
    w.q_b = in.matrix({"self_attn.q_proj.weight", "attn_q.weight"}, q_dim, c.dim, q_part);
  }
  w.kv_a = in.matrix({"self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
                     c.kv_lora + c.rope_dim, c.dim);
  w.kv_a_norm = in.vector({"self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"}, c.kv_lora);
  w.out = in.matrix(kOut, c.dim, int64_t{c.n_heads} * c.v_dim, {.cols = heads.times(c.v_dim)});
  if (c.indexer) w.indexer = bind_indexer(in, *c.indexer);

  if (in.has({"", "attn_k_b.weight"})) {
    w.k_b = in.heads({"", "attn_k_b.weight"}, c.n_heads, c.kv_lora, c.nope_dim, heads);
    w.v_b = in.heads({"", "attn_v_b.weight"}, c.n_heads, c.v_dim, c.kv_lora, heads);
    return w;
  }
  const int64_t kv_dim = int64_t{c.n_heads} * (c.nope_dim + c.v_dim);
  if (const auto matrix = in.require_matrix({"self_attn.kv_b_proj.weight", "attn_kv_b.weight"},
                                            kv_dim, c.kv_lora)) {
    const KvB kv_b = {*matrix, c, heads};
    w.k_b = in.upload(transpose_keys(kv_b));
    w.v_b = in.upload(pick_values(kv_b));
  }
  return w;
}

MlaScratch MlaScratch::allocate(ScratchAllocator& memory, int max_batch, const MlaConfig& c) {
  MlaScratch s = {.q_a = c.q_lora > 0 ? memory.tensor(max_batch, c.q_lora) : Tensor{},
                  .q = memory.tensor(max_batch, c.n_heads * (c.nope_dim + c.rope_dim)),
                  .kv = memory.tensor(max_batch, c.latent_width()),
                  .q_latent = memory.tensor(max_batch, c.n_heads * c.kv_lora),
                  .out_latent = memory.tensor(max_batch, c.n_heads * c.kv_lora),
                  .out = memory.tensor(max_batch, c.n_heads * c.v_dim)};
  if (c.indexer) {
    s.indexer = IndexerScratch::allocate(memory, max_batch, *c.indexer);
    s.dense.reserve(max_batch);
    s.sparse.reserve(max_batch);
  }
  return s;
}

namespace {

// Whether a row is dense depends on its own position alone, so that its result does not depend on
// how the text is cut into batches.
void part_sequences(const Batch& batch, int top_k, MlaScratch& s) {
  s.dense.clear();
  s.sparse.clear();
  for (const SequenceRows& all : batch.sequences) {
    const int n_positions = static_cast<int>(all.slots.size());
    const int first_position = n_positions - all.n_rows;
    const int n_dense = std::clamp(top_k - first_position, 0, all.n_rows);
    if (n_dense > 0)
      s.dense.push_back({all.first_row, n_dense, all.slots.first(first_position + n_dense)});
    if (n_dense < all.n_rows)
      s.sparse.push_back({all.first_row + n_dense, all.n_rows - n_dense, all.slots});
  }
}

struct LatentQueries {
  Heads out, latent, pe;
};

void attend_to_chosen(Backend& backend, const LatentQueries& q, const IndexerInput& input,
                      const Batch& batch, const MlaWeights& w, const MlaConfig& c, MlaScratch& s,
                      LayerProbe probe) {
  write_index_keys(backend, input, batch, w.indexer, *c.indexer, s.indexer);
  const CacheRows latents = input.cache.columns(0, c.latent_width());
  part_sequences(batch, c.indexer->top_k, s);
  if (!s.dense.empty())
    backend.latent_attention(q.out, q.latent, q.pe, latents, s.dense, c.softmax_scale);
  if (!s.sparse.empty()) {
    choose_positions(backend, input, batch, s.sparse, w.indexer, *c.indexer, s.indexer);
    backend.chosen_latent_attention(q.out, q.latent, q.pe, latents, s.sparse, s.indexer.chosen,
                                    c.softmax_scale);
  }
  if (!probe.probe) return;
  choose_positions(backend, input, batch, batch.sequences, w.indexer, *c.indexer, s.indexer);
  probe.see_groups(s.indexer.chosen, input.x.rows);
  probe.see("index_k", s.indexer.k.first_rows(input.x.rows));
}

}  // namespace

void mla_attention(Backend& backend, Tensor x, const Batch& batch, CacheRows cache,
                   const MlaWeights& w, const MlaConfig& c, MlaScratch& scratch, LayerProbe probe) {
  const int n_heads = w.k_b->count();
  const Tensor q = scratch.q.first_rows(x.rows).columns(0, w.q_b->rows());
  const Tensor kv = scratch.kv.first_rows(x.rows);
  const Tensor latent = kv.columns(0, c.kv_lora);
  const Heads k_pe = kv.columns(c.kv_lora, c.rope_dim).heads(1);
  const Heads q_nope = q.heads(n_heads, 0, c.nope_dim);
  const Heads q_pe = q.heads(n_heads, c.nope_dim, c.rope_dim);
  const int latent_cols = n_heads * c.kv_lora;
  const Heads q_latent = scratch.q_latent.first_rows(x.rows).columns(0, latent_cols).heads(n_heads);
  const Heads out_latent =
      scratch.out_latent.first_rows(x.rows).columns(0, latent_cols).heads(n_heads);
  const Tensor out = scratch.out.first_rows(x.rows).columns(0, w.out->cols());

  Tensor query_input = x;
  if (w.q_a) {
    query_input = scratch.q_a.first_rows(x.rows);
    backend.matmul_each(std::array{Product{query_input, w.q_a}, Product{kv, w.kv_a}}, x);
    backend.rms_norm(query_input, query_input, *w.q_a_norm, c.norm_eps);
    backend.matmul(q, query_input, *w.q_b);
  } else {
    backend.matmul_each(std::array{Product{q, w.q_b}, Product{kv, w.kv_a}}, x);
  }
  backend.write_keys(
      cache, batch.slots, q.heads(n_heads),
      {.normed = latent, .norm = w.kv_a_norm, .eps = c.norm_eps, .rotated = k_pe, .plain = {}},
      batch.positions, c.rope);
  probe.see("kv_latent", latent);
  probe.see("k_pe", kv.columns(c.kv_lora, c.rope_dim));

  backend.matmul_heads(q_latent, q_nope, *w.k_b);
  if (c.indexer)
    attend_to_chosen(backend, {out_latent, q_latent, q_pe},
                     {.x = x, .q_latent = query_input, .cache = cache, .column = kv.cols}, batch, w,
                     c, scratch, probe);
  else
    backend.latent_attention(out_latent, q_latent, q_pe, cache, batch.sequences, c.softmax_scale);
  backend.matmul_heads(out.heads(n_heads), out_latent, *w.v_b);
  backend.matmul(x, out, *w.out);
}

}  // namespace fathom::engine
