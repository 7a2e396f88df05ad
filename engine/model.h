// A model: weights bound to an architecture, and one step of it.
//
// Threads: engine thread only. Stateless apart from scratch memory: what it remembers of a text is
// in the KvStore that the caller passes.

#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backend.h"
#include "engine/base/cancel.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/token.h"
#include "engine/top_logits.h"

namespace fathom::engine {

class Communicator;

/// Sees what a model computes on the way to its logits: for comparing it with another
/// implementation (`fathom debug-compare`). What it is shown is in backend memory and valid until
/// it returns. Names as in tests/data/golden: embed, attn_out, mlp_out, out, final_norm, kv_latent,
/// k_pe, router_ids, index_k, index_topk.
class Probe {
 public:
  static constexpr int kNoLayer = -1;

  virtual ~Probe() = default;
  /// x: a row for each token of the batch; of final_norm, for each of its logit_rows.
  virtual void see(std::string_view what, int layer, Tensor x) = 0;
  /// What each token chose: chosen [n_rows, n_chosen], experts or positions.
  virtual void see_choice(std::string_view what, int layer, const int32_t* chosen, int n_rows,
                          int n_chosen) = 0;
};

/// The rows of one step: tokens of one or more sequences.
struct Batch {
  std::span<const TokenId> tokens;          // [n]
  std::span<const int32_t> positions;       // [n]
  std::span<const SlotId> slots;            // [n] where each row's keys and values are written
  std::span<const SequenceRows> sequences;  // cover the rows in order
  std::span<const int32_t> logit_rows;      // rows whose logits are wanted, ascending
  /// [logit_rows.size()], at most kMaxTops; or empty. What is wanted of their logits, if not all.
  std::span<TopLogits> tops;
  Probe* probe = nullptr;

  static constexpr int kMaxTops = 16;
};

/// Memory of keys and values: per layer [n_slots, row width of that layer].
struct KvStore {
  std::vector<CacheRows> layers;
};

/// Looked at between layers; true makes forward() return ErrorCode::cancelled. Asked by one thread
/// at a time, which need not be the caller's.
class Interrupt {
 public:
  virtual ~Interrupt() = default;
  virtual bool requested() const = 0;
};

struct ModelSize {
  int n_layers = 0;  // without draft layers
  int dim = 0;       // hidden size
  int vocab_size = 0;
  int context_length = 0;
  int64_t n_parameters = 0;
  /// Bytes of weights that one decoded token reads.
  uint64_t bytes_per_token = 0;
  /// Of these, what its routed experts have: tokens of one step share hardly any of them.
  uint64_t expert_bytes_per_token = 0;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelSize& size() const = 0;
  /// Numbers per token and layer in the KV cache, draft layers last.
  virtual std::span<const int> cache_widths() const = 0;
  /// Where those of one layer are kept; null: on the backend that the model was loaded with.
  virtual Backend* cache_backend(int index) const {
    (void)index;
    return nullptr;
  }
  /// What those numbers are kept as.
  virtual DType cache_type() const { return DType::f32; }
  /// Rows a batch may have: the scratch memory that load_model() was asked to set aside.
  virtual int max_batch() const = 0;

  /// Computes the rows of `batch` and writes their keys and values. `logits` is host memory
  /// [logit_rows.size(), vocab_size], or empty if only the batch's `tops` are wanted.
  /// Errors: cancelled, device_lost.
  virtual Status forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                         const Interrupt& interrupt) = 0;

  /// All logits of the i-th of the logit_rows of the last forward() or draft(), which had `tops`:
  /// [vocab_size]. Errors: device_lost.
  virtual Status all_logits(int i, std::span<float> logits) = 0;

  /// Of a model with some of the layers: what forward() finds in the first rows of it, unless it
  /// has the first layer, and leaves there, unless it has the last. [max_batch, width], backend
  /// memory.
  virtual Tensor hidden() const { return {}; }

  /// Whether the model predicts a second token (multi-token prediction, DeepSeek-V3 section 2.2).
  virtual bool can_draft() const { return false; }
  /// Runs the draft layer over the rows of the last forward(), which must have been called with
  /// the same `batch`. `next` [n]: for every row, the token that follows it in its sequence.
  /// Writes the draft keys and values of all rows; `logits` and `tops`, as of forward(), predict
  /// the token after `next` for the rows of logit_rows. Only if can_draft().
  /// Errors: device_lost.
  virtual Status draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                       std::span<float> logits) {
    (void)batch, (void)next, (void)cache, (void)logits;
    return fail(ErrorCode::unsupported, "this model has no draft layers");
  }
};

/// Layers [begin, end) of a model, drafts not counted.
struct LayerRange {
  int begin = 0;
  int end = INT_MAX;

  LayerRange below(int n_layers) const { return {begin, std::min(end, n_layers)}; }
  int size() const { return end - begin; }
};

/// How a load is followed and given up.
struct LoadWatch {
  CancelToken cancel;                       // looked at before every tensor
  std::function<void(double)> on_progress;  // 0 to 1, by bytes of weights; after every tensor
};

struct ModelOptions {
  int max_batch = 128;  // rows of one step
  /// f32, bf16 or q8_0: what keys and values are kept as, if the model's operations can.
  DType cache_type = DType::f32;
  LoadWatch watch;
  /// If ranks share the model (engine/parallel/sharded_model.h): loads the part of this one of
  /// them. Must outlive the model.
  Communicator* ranks = nullptr;
  /// If devices have some of the layers each (engine/parallel/pipeline_model.h): loads these, at
  /// least one, the embedding with the first and the last, drafts and what makes logits with the
  /// last.
  LayerRange layers;
};

/// Sentences about what a file leaves open and how it was filled in.
using ConfigNotes = std::vector<std::string>;

/// Whether load_model() knows the architecture that the checkpoint names, in the variant that its
/// configuration describes. Reads no tensors. Errors: unsupported, corrupt.
Result<ConfigNotes> check_architecture(const Checkpoint& checkpoint);

/// Loads the architecture that the checkpoint names (engine/models/registry.cpp).
/// `backend` must outlive the model. Errors: unsupported (architecture, tensor type), corrupt
/// (a tensor is missing or has another shape; the message names it), out_of_memory, cancelled, io
/// (the file was changed meanwhile).
Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const Checkpoint> checkpoint,
                                          Backend& backend, const ModelOptions& options);

}  // namespace fathom::engine
