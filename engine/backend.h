// The seam between models and devices: operations on tensors that the backend owns.
//
// Model code is written once against this class and names no device. ReferenceBackend is the
// specification of every operation; other backends are tested against it (tests/engine/ops_test).
//
// Threads: engine thread only. Operations may be asynchronous: only sync() and download() wait, and
// until then the memory and the weights that an operation was given stay.
// Operations cannot fail; device errors are sticky and surface in sync().
//
// Invariant: a row of a result depends only on its own row of the inputs (and, for attention, on
// the cache rows of its sequence): never on how many rows are computed together, nor on the number
// of threads. That is what makes the text independent of chunking, batching and cache state.
//
// Notation: n rows (tokens) of activations; every activation is f32; shapes as [rows, cols].

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/cache_rows.h"
#include "engine/dtype.h"
#include "engine/op_types.h"
#include "engine/tensor.h"
#include "engine/token.h"
#include "engine/top_logits.h"

namespace fathom::engine {

/// Scales of blocks of a matrix, stored apart from its numbers (FP8 of DeepSeek-V3): number (r, c)
/// of matrix i is multiplied by values[i][r / rows][c / cols]. Only with f8_e4m3.
struct BlockScales {
  int rows = 0;                   // 0: no scales, the numbers are what they are
  int cols = 0;                   // a multiple of 4
  std::span<const float> values;  // [count, ceil(w.rows / rows), ceil(w.cols / cols)], < 2^100
};

/// Where a weight's bytes are before a backend has them.
struct WeightData {
  std::string name;  // for error messages
  DType dtype = DType::f32;
  int count = 1;                     // matrices stacked in one tensor: heads or experts
  int rows = 1;                      // outputs
  int cols = 0;                      // inputs
  std::span<const std::byte> bytes;  // count * rows * row_bytes(dtype, cols), row-major
  BlockScales scales;
  std::shared_ptr<const void> owner;  // keeps all of it alive; a backend that copies drops it
  /// The mapping that the bytes lie in, if they do: they may then be read later, too, as long as it
  /// is_intact().
  const MappedFile* file = nullptr;
  /// Routed experts, of which each token needs few. The three stacks of a layer are uploaded one
  /// after another.
  bool is_experts = false;
};

/// A weight as a backend keeps it (perhaps repacked): count x [rows, cols].
class Weight {
 public:
  Weight(DType dtype, int count, int rows, int cols)
      : dtype_(dtype), count_(count), rows_(rows), cols_(cols) {}
  virtual ~Weight() = default;
  Weight(const Weight&) = delete;
  Weight& operator=(const Weight&) = delete;

  DType dtype() const { return dtype_; }
  int count() const { return count_; }
  int rows() const { return rows_; }
  int cols() const { return cols_; }

  /// Bytes that one pass over the whole weight reads: for bandwidth figures.
  virtual size_t size_bytes() const = 0;

 private:
  DType dtype_;
  int count_, rows_, cols_;
};

/// Memory of a backend; freed with this object.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual void* data() = 0;
};

/// Row of the KV cache that holds one token's keys and values in every layer.
using SlotId = int32_t;

/// Consecutive rows of a batch that belong to one sequence, and the cache rows of the sequence:
/// slots[p] holds the token at position p. The last `n_rows` positions are the rows of this batch,
/// already written. Row i of them has position slots.size() - n_rows + i and sees positions up to
/// its own. Slots stay as they are until the next sync() or download().
struct SequenceRows {
  int first_row = 0;
  int n_rows = 0;
  std::span<const SlotId> slots;
};

/// Which coordinates rotary embedding pairs: (0,1),(2,3),... or (0,d/2),(1,d/2+1),...
enum class RopeLayout { interleaved, half_split };

/// Rotary position embedding; angle of pair i at position p is p * inverse_frequencies[i].
struct Rope {
  RopeLayout layout = RopeLayout::interleaved;
  std::vector<float> inverse_frequencies;  // [dim / 2], scaling (linear, YaRN, llama3) applied
  float magnitude = 1.0f;                  // factor on cos and sin (YaRN's attention factor)
};

/// For silu_mul(): numbers stay as they are.
inline constexpr float kNoLimit = std::numeric_limits<float>::infinity();

/// y = down(silu(min(gate(x), limit)) * clamp(up(x), -limit, limit)); or some of a model's experts,
/// each of which is such a network, stacked.
struct GatedFfnWeights {
  const Weight* gate = nullptr;  // [hidden, dim]
  const Weight* up = nullptr;    // [hidden, dim]
  const Weight* down = nullptr;  // [dim, hidden]
  float limit = kNoLimit;        // above 0
  int first_expert = 0;          // of the model's, which is the first of the stack

  bool has_expert(int32_t expert) const {
    return expert >= first_expert && expert - first_expert < gate->count();
  }
};

/// Weights of a hyper-connection: how a block of the model reads from and writes to the n_streams
/// residual streams. Source: mHC, arXiv:2512.24880; DeepSeek-V4's inference/model.py, "hc_".
struct HyperConnection {
  int n_streams = 0;
  int n_iterations = 0;  // of Sinkhorn's normalisation, at least 1
  float eps = 0;
  const Weight* scale = nullptr;  // [1, 3]; [1, 1] if it only reads
  const Weight* base = nullptr;   // [1, 2 * n_streams + n_streams^2]; [1, n_streams] likewise
};

/// What shared_kv_attention() looks at besides the nearest `window` tokens, itself among them.
struct SharedKvAttention {
  int window = 0;
  float scale = 0;
  const Weight* sinks = nullptr;  // [1, n_heads]: a score of each head that only takes weight
  GroupKeys pooled;               // size 0: none
  ChosenGroups chosen;            // null: all complete groups
};

/// Scratch of the feed-forward operations: three tensors [n, >= hidden] that may hold anything.
struct FfnScratch {
  Tensor gate, up;  // [n * max(1, n_active), hidden]
  Tensor out;       // [n * max(1, n_active), dim]
};

/// y = x times the transpose of weight, plus the bias of each column.
struct Product {
  Tensor y;  // [n, weight.rows]
  const Weight* weight = nullptr;
  const Weight* bias = nullptr;  // [1, weight.rows]?
};

/// What a token leaves in its cache row, in this order of columns; parts without columns are not
/// there.
struct TokenKeys {
  Tensor normed;                 // as rms_norm() makes it,
  const Weight* norm = nullptr;  // with [1, normed.cols]
  float eps = 0;
  Heads rotated;  // as rope() makes it; heads side by side
  Tensor plain;   // as it is
};

/// Routed experts beside shared ones, which every token passes: what all of DeepSeek's generations
/// compute once the experts are chosen. Weights are null where there are none. Source: DeepSeekMoE,
/// arXiv:2401.06066.
struct ExpertsWeights {
  GatedFfnWeights routed;
  GatedFfnWeights shared;  // all shared experts as one network
};

struct ExpertsScratch {
  FfnScratch routed;              // n * n_active rows
  FfnScratch shared;              // n rows
  Tensor routed_out, shared_out;  // [n, dim]; zeros where there are no weights
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// "reference", "cpu", "cuda".
  virtual std::string_view name() const = 0;
  /// What it runs on, for people: "avx512-vnni, 2 threads".
  virtual std::string description() const = 0;
  /// Tokens of a prompt that are worth computing in one step: enough to be busy, few enough that
  /// somebody more urgent waits for milliseconds only.
  virtual int prefill_rows() const { return 128; }

  // Memory.

  /// Whether what it hands out is the host's memory, of which there is no second, larger one.
  virtual bool has_host_memory() const { return true; }
  /// Zeroed memory. Errors: out_of_memory.
  virtual Result<std::unique_ptr<Buffer>> allocate(size_t size_bytes) = 0;
  /// Takes a weight over, perhaps in another layout, never in a wider number format.
  /// Errors: out_of_memory, corrupt (bytes do not match the shape).
  virtual Result<std::unique_ptr<Weight>> upload(WeightData data) = 0;
  /// Whether replace() can change this weight now; it may be possible some steps later. Backends
  /// that cannot replace anything say no.
  virtual bool can_replace(const Weight& weight) const;
  /// Matrix `matrix` of a weight becomes the one of `data`, which has the type, shape and blocks of
  /// scales of the one before and is read before this returns. Only if can_replace().
  virtual void replace(Weight& weight, int matrix, const WeightData& data);
  /// Copies rows to host memory, `host` [rows, cols] without gaps. Waits for what is queued.
  virtual Status download(std::span<float> host, Tensor x) = 0;
  /// x = `host` [rows, cols], which has no gaps and is read before this returns.
  virtual void write(Tensor x, std::span<const float> host) = 0;
  /// Fills `tops` [logits.rows], whose temperatures are set, with what is to be said of each row.
  /// Waits as download() does. The default is for backends whose memory is the host's.
  virtual Status top_logits(std::span<TopLogits> tops, Tensor logits);
  /// Waits until everything asked for is done; reports sticky errors: device_lost, io (a model file
  /// that is still read was changed).
  virtual Status sync() = 0;
  /// Nothing is being computed, and nobody waits. A backend may arrange its weights otherwise here,
  /// in some milliseconds: the one thing that may round later results otherwise.
  virtual void between_jobs() {}

  // Plain operations. `y` may alias the first input where it has the same shape, unless noted.

  /// out [n, dim] = rows `ids` of table [vocab, dim]. Ids must be in range.
  virtual void embed(Tensor out, std::span<const TokenId> ids, const Weight& table) = 0;
  /// y = x / sqrt(mean(x^2) + eps) * weight; weight [1, dim].
  virtual void rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) = 0;
  /// y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias; weight and bias [1, cols].
  virtual void layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                          float eps) = 0;
  /// y [n, w.rows] = x [n, w.cols] times the transpose of w. No aliasing.
  virtual void matmul(Tensor y, Tensor x, const Weight& w) = 0;
  /// One matrix a head: y(h) [n, w.rows] = x(h) [n, w.cols] times transpose of w[h]. No aliasing.
  virtual void matmul_heads(Heads y, Heads x, const Weight& w) = 0;
  /// y = a + b.
  virtual void add(Tensor y, Tensor a, Tensor b) = 0;
  /// y[r] += bias; bias [1, cols].
  virtual void add_bias(Tensor y, const Weight& bias) = 0;
  /// y = silu(min(gate, limit)) * clamp(up, -limit, limit).
  virtual void silu_mul(Tensor y, Tensor gate, Tensor up, float limit) = 0;
  /// Each head by itself: y(h) = x(h) / sqrt(mean(x(h)^2) + eps).
  virtual void unit_rms_norm(Heads y, Heads x, float eps) = 0;
  /// Rotates the pairs of every head in place; positions [n].
  virtual void rope(Heads x, std::span<const int32_t> positions, const Rope& rope) = 0;
  /// out[i] = x[rows[i]].
  virtual void gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) = 0;
  /// cache[slots[i]] columns [column, column + x.cols) = x[i], rounded as quantize() does.
  virtual void write_cache(CacheRows cache, std::span<const SlotId> slots, Tensor x,
                           int column) = 0;

  /// Grouped-query attention over cache rows [k: n_kv_heads * dim | v: n_kv_heads * dim].
  /// out, q: n_heads heads of dim; query head h reads kv head h / (n_heads / n_kv_heads).
  /// out(h) = softmax(q(h) k^T * scale) v.
  virtual void attention(Heads out, Heads q, CacheRows cache,
                         std::span<const SequenceRows> sequences, int n_kv_heads, float scale) = 0;
  /// Absorbed multi-head latent attention over cache rows [c: latent_dim | k_pe: rope_dim],
  /// shared by all heads. q_latent, out: heads of latent_dim; q_pe: heads of rope_dim (rotated).
  /// out(h) = softmax((q_latent(h) c^T + q_pe(h) k_pe^T) * scale) c.
  /// Source: DeepSeek-V2, arXiv:2405.04434, section 2.1; official inference/model.py "absorb".
  virtual void latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                std::span<const SequenceRows> sequences, float scale) = 0;

  /// As latent_attention(), where each row sees only the positions that it chose: `chosen` has
  /// choose_groups()'s choice of groups of one token, at least one and all of them for each row.
  virtual void chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                       std::span<const SequenceRows> sequences, ChosenGroups chosen,
                                       float scale) = 0;

  /// Attention over keys that are also the values, one head of them for all queries: columns
  /// [0, dim) of the cache rows of the nearest tokens, and pooled keys of `dim` numbers.
  /// out(h) = sum of w(k) k with w = softmax over the scores q(h) k * scale of all keys and
  /// sinks(h). No aliasing.
  /// Source: DeepSeek-V4's inference/model.py, class Attention; sinks as in arXiv:2309.17453.
  virtual void shared_kv_attention(Heads out, Heads q, Tensor cache,
                                   std::span<const SequenceRows> sequences,
                                   const SharedKvAttention& attention) = 0;
  /// For each row whose token completes a group: out [dim] = sum over the group's tokens t of
  /// numbers(t) * softmax over t of (gates(t) + position_bias[t]), each column by itself. Zeros for
  /// other rows. Groups that overlap pool twice as many tokens: columns [0, dim) of those of the
  /// group before, if there is one, and columns [dim, 2 * dim) of their own.
  /// Source: DeepSeek-V4's inference/model.py, class Compressor.
  virtual void pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                           const GroupPooling& pooling) = 0;
  /// The `limit` complete groups with the largest sum over heads h of
  /// weights[h] * max(q(h) . key, 0) for each row; equal ones: the lower group first.
  /// weights [n, n_heads]. Source: "lightning indexer", class Indexer of inference/model.py of
  /// DeepSeek-V3.2-Exp and -V4; positive factors common to all scores are left out.
  virtual void choose_groups(ChosenGroups chosen, Heads q, Tensor weights, Tensor cache,
                             std::span<const SequenceRows> sequences, GroupKeys keys) = 0;

  // Hyper-connections; streams [n, n_streams * dim], N = n_streams.

  /// In place, from m [n, 2 N + N^2] = [p | q | r], r as an N x N matrix:
  ///   read  p = sigmoid(scale[0] p + base) + eps
  ///   write q = 2 sigmoid(scale[1] q + base)
  ///   keep  r = softmax of each row of (scale[2] r + base), plus eps; each column divided by its
  ///         sum + eps; then n_iterations - 1 times each row and each column likewise
  /// If m is [n, N], it is p alone.
  virtual void hyper_weights(Tensor m, const HyperConnection& connection) = 0;
  /// out [n, dim] = sum over i of m[i] * stream i; m from hyper_weights().
  virtual void read_streams(Tensor out, Tensor streams, Tensor m) = 0;
  /// stream j = m[N + j] * x + sum over i of m[2 N + i * N + j] * stream i; x [n, dim].
  virtual void write_streams(Tensor streams, Tensor x, Tensor m) = 0;

  /// Chooses experts from logits [n, n_experts]. `bias` [1, n_experts] moves the choice, not the
  /// weights; may be null. Source: DeepSeek-V2 and -V3 official code, class Gate.
  virtual void route(Routes routes, Tensor logits, const Weight* bias,
                     const RouterConfig& config) = 0;
  /// As route(), but the experts are given: `experts` [n, n_active], host memory.
  /// Source: "hash" layers of DeepSeek-V4's inference/model.py, class Gate.
  virtual void route_to(Routes routes, Tensor logits, std::span<const int32_t> experts,
                        const RouterConfig& config) = 0;
  /// out = sum over the chosen experts e of weight(e) * ffn_e(x). Sums in the order of the routes,
  /// which may name experts that are not in the stack: these add nothing. No aliasing.
  virtual void moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                       FfnScratch scratch) = 0;

  // Fused operations: right on every backend as they stand here; overridden where that is faster.

  /// x += delta; y = rms_norm() of x. `y` may alias delta.
  virtual void add_rms_norm(Tensor y, Tensor x, Tensor delta, const Weight& weight, float eps);
  /// Products of one x, which none of them overwrites.
  virtual void matmul_each(std::span<const Product> products, Tensor x);
  /// Rotates the last keys.rotated.dim numbers of the queries' heads and makes `keys` what they are
  /// to be, both in place, and keeps the keys: cache[slots[i]] from column 0 on = row i.
  virtual void write_keys(CacheRows cache, std::span<const SlotId> slots, Heads queries,
                          const TokenKeys& keys, std::span<const int32_t> positions,
                          const Rope& rope);
  /// out = the formula of GatedFfnWeights. `out` may alias x.
  virtual void gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch);
  /// x = the sum of its routed experts and of its shared ones.
  virtual void experts_ffn(Tensor x, Routes routes, const ExpertsWeights& w,
                           const ExpertsScratch& scratch);
};

struct BackendOptions {
  int n_threads = 0;        // 0: one for each core
  std::string cpu_variant;  // "": the best of this machine; else "avx2", "avx512", ...
  bool pack_first = false;  // see EngineOptions
};

/// Names that make_backend() accepts on this machine, best first: "cuda", "cpu", "reference".
std::vector<std::string> available_backends();

/// `name` is one of available_backends(), or "auto" for the first of them.
/// Errors: invalid_argument (unknown name or variant), unsupported (this machine lacks it).
Result<std::unique_ptr<Backend>> make_backend(std::string_view name, const BackendOptions& options);

}  // namespace fathom::engine
