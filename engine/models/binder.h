// Finds a checkpoint's tensors by name, checks their shapes and hands them to a backend.
//
// What is wrong is remembered instead of returned, so that binding reads as a table: bind every
// weight, then look at status() once. Until then a bad tensor binds as null.
//
// Shapes are those of the whole tensor; a rank of a model that several share (engine/parallel/)
// asks for its part of it. An empty part binds as null.
//
// Invariant: a weight that was bound has exactly the shape that was asked for.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/model.h"
#include "engine/models/stored_matrix.h"
#include "engine/parallel/shard.h"

namespace fathom::engine {

/// A tensor's name in each format, without the layer's prefix. Empty: that format lacks it.
struct TensorName {
  std::string_view hugging_face;
  std::string_view gguf;
};

/// The part of a matrix that is wanted.
struct MatrixPart {
  Range rows = kAll;
  Range cols = kAll;  // cut at multiples of Binder::Scope::column_unit()
};

class Binder final {
 public:
  class Scope;

  Binder(std::shared_ptr<const Checkpoint> checkpoint, Backend& backend, LoadWatch watch = {},
         Shard shard = {})
      : checkpoint_(std::move(checkpoint)),
        backend_(backend),
        watch_(std::move(watch)),
        shard_(shard) {}

  /// Names as they are, and below "model.layers.N." or "blk.N.".
  Scope top();
  Scope layer(int index);
  /// Names below another prefix, the same in both formats.
  Scope below(std::string prefix);

  /// The first thing that was wrong. Errors: corrupt (the message names the tensor, and what was
  /// expected and found), unsupported (its type), out_of_memory, cancelled, io.
  const Status& status() const { return status_; }

  /// Of every tensor bound so far, whole.
  int64_t n_parameters() const { return n_parameters_; }
  struct TokenPath {
    const Weight* lookup_only = nullptr;  // a table of which one token reads one row, or null
    int n_experts = 1;
    int n_active = 1;
  };
  struct TokenBytes {
    uint64_t all = 0;
    uint64_t experts = 0;  // of these, of the experts that it is routed to
  };
  /// Bytes of the weights bound so far that one decoded token reads.
  TokenBytes token_bytes(const TokenPath& path) const;

  /// Owns all weights; the pointers that were handed out live as long as this.
  std::vector<std::unique_ptr<Weight>> take_weights() { return std::move(weights_); }

 private:
  void report(ErrorCode code, std::string message);
  const Weight* upload(WeightData data);

  std::shared_ptr<const Checkpoint> checkpoint_;
  Backend& backend_;
  const LoadWatch watch_;
  const Shard shard_;
  Status status_;
  std::vector<std::unique_ptr<Weight>> weights_;
  int64_t n_parameters_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t loaded_bytes_ = 0;   // read from the checkpoint so far
  uint64_t expert_bytes_ = 0;   // the part of size_bytes_ that are experts
  bool binds_experts_ = false;  // what is uploaded now
};

/// The tensors of one layer, or those outside all layers. Cheap to copy.
class Binder::Scope final {
 public:
  /// Null, without complaint, if there is none or this format lacks it.
  const TensorInfo* find(TensorName name) const;
  bool is_gguf() const { return binder_->checkpoint_->format() == Checkpoint::Format::gguf; }
  bool has(TensorName name) const { return find(name) != nullptr; }
  Shard shard() const { return binder_->shard_; }
  /// Where columns of a matrix can be cut: whole blocks of its type.
  int64_t column_unit(TensorName name) const;

  /// [rows, cols], as stored; scales that lie beside it (stored_matrix.h) come along.
  const Weight* matrix(TensorName name, int64_t rows, int64_t cols, MatrixPart part = {}) const;
  /// [cols] as f32, whatever it is stored as: norms, biases, router corrections.
  const Weight* vector(TensorName name, int64_t cols, Range part = kAll) const;
  /// [count, rows, cols], as stored in one tensor: one matrix a head.
  const Weight* heads(TensorName name, int64_t count, int64_t rows, int64_t cols,
                      Range part = kAll) const;
  /// A tensor [count * rows, cols] as `count` matrices.
  const Weight* row_groups(TensorName name, int64_t count, int64_t rows, int64_t cols) const;
  /// As heads(); in Hugging Face files one tensor for each of `count`, whose index stands for '*'.
  const Weight* experts(TensorName name, int64_t count, int64_t rows, int64_t cols,
                        Range part = kAll) const;
  /// Two stacks of experts() in one tensor [count, 2 * rows, cols]: each expert's `rows` of the
  /// first, then those of the second.
  std::pair<const Weight*, const Weight*> expert_pairs(TensorName name, int64_t count, int64_t rows,
                                                       int64_t cols, Range part = kAll) const;

  /// A table [rows, cols] of integers (I32, I64) in [0, limit), in host memory; empty after an
  /// error.
  std::vector<int32_t> indices(TensorName name, int64_t rows, int64_t cols, int64_t limit) const;

  /// For layouts that need more than a view: checks the shape, reports what is wrong. Null after
  /// an error.
  const TensorInfo* require(TensorName name, std::span<const int64_t> shape) const {
    return require_named(full(name), shape);
  }
  std::optional<StoredMatrix> require_matrix(TensorName name, int64_t rows, int64_t cols) const {
    return require_matrix_named(full(name), rows, cols);
  }
  /// Uploads what was made from required tensors.
  const Weight* upload(WeightData data) const { return binder_->upload(std::move(data)); }

 private:
  friend class Binder;
  Scope(Binder& binder, std::string prefix) : binder_(&binder), prefix_(std::move(prefix)) {}

  std::string full(TensorName name) const;
  const TensorInfo* require_shape(std::string_view name, std::span<const int64_t> shape) const;
  const TensorInfo* require_named(std::string_view name, std::span<const int64_t> shape) const;
  std::optional<StoredMatrix> require_matrix_named(const std::string& name, int64_t rows,
                                                   int64_t cols) const;
  const Weight* stack(const std::string& pattern, int64_t count, int64_t rows, int64_t cols,
                      Range part) const;
  const Weight* upload_matrix(StoredMatrix matrix, int64_t count, int64_t rows, int64_t cols) const;

  Binder* binder_;
  std::string prefix_;
};

}  // namespace fathom::engine
