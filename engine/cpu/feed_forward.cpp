// Gated feed-forward blocks, dense and routed, in two passes over the weights:
//
//   1. hidden = silu(gate(x)) * up(x), quantised at once by the thread that computed it
//   2. out = down(hidden), for routed experts added up in the order of the routes
//
// Rows are grouped by expert, so that each expert's weights are read once. The dense block is one
// expert that all rows chose with weight 1.

#include <algorithm>
#include <numeric>

#include "engine/base/assert.h"
#include "engine/cpu/cpu_backend.h"

namespace fathom::engine::cpu {
namespace {

/// Columns of hidden numbers that a thread computes at a time: blocks for the next product. With
/// many rows more of them, so that rows that are gathered serve many panels, as long as there are
/// enough steps for the threads to have about as many each.
int step_columns(int n_items, int64_t n_columns, int n_threads) {
  constexpr int kFewItems = 12;
  constexpr int kStepsOfAThread = 6;
  if (n_items < kFewItems) return kQuantBlock;
  int columns = 8 * kQuantBlock;
  while (columns > kQuantBlock && n_columns < int64_t{columns} * kStepsOfAThread * n_threads)
    columns /= 2;
  return columns;
}

bool all_packed(const GatedFfnWeights& w) {
  const auto packed = [](const Weight* weight) {
    return dynamic_cast<const PackedWeight*>(weight) != nullptr;
  };
  return packed(w.gate) && packed(w.up) && packed(w.down);
}

const PackedWeight& packed(const Weight* weight) {
  return static_cast<const PackedWeight&>(*weight);
}

}  // namespace

void CpuBackend::group_by_expert(Routes routes, int n_rows, const GatedFfnWeights& experts) {
  const int n_experts = experts.gate->count();
  const int n_items = n_rows * routes.n_active;
  counts_.assign(n_experts, 0);
  for (int item = 0; item < n_items; ++item) {
    const int32_t expert = routes.experts[item];
    if (experts.has_expert(expert)) ++counts_[expert - experts.first_expert];
  }
  used_experts_.clear();
  offsets_.assign(1, 0);
  for (int expert = 0; expert < n_experts; ++expert) {
    if (counts_[expert] == 0) continue;
    const int begin = offsets_.back();
    used_experts_.push_back(expert);
    offsets_.push_back(begin + counts_[expert]);
    counts_[expert] = begin;  // from here on: where its next item goes
  }
  items_.resize(offsets_.back());
  item_rows_.resize(offsets_.back());
  for (int item = 0; item < n_items; ++item) {
    const int32_t expert = routes.experts[item];
    if (!experts.has_expert(expert)) continue;
    const int place = counts_[expert - experts.first_expert]++;
    items_[place] = item;
    item_rows_[place] = item / routes.n_active;
  }
}

void CpuBackend::run_ffn_hidden(Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  const PackedWeight& gate = packed(w.gate);
  const PackedWeight& up = packed(w.up);
  const int hidden = gate.rows();
  const int n_items = static_cast<int>(items_.size());
  const int n_used = static_cast<int>(used_experts_.size());
  FATHOM_ASSERT(up.rows() == hidden && up.cols() == gate.cols() && gate.cols() == x.cols);
  FATHOM_ASSERT(w.down->cols() == hidden);
  const int64_t items_end = n_items == 0 ? 0 : *std::ranges::max_element(items_) + 1;
  FATHOM_ASSERT(scratch.gate.rows >= items_end && scratch.gate.cols >= hidden);
  FATHOM_ASSERT(scratch.up.rows >= items_end && scratch.up.cols >= hidden);

  const QuantBlock* x_blocks =
      gate.is_quantised() || up.is_quantised() ? quantise(x.heads(1)) : nullptr;
  const bool quantise_hidden = packed(w.down).is_quantised();
  const int hidden_blocks = hidden / kQuantBlock;
  if (quantise_hidden) hidden_blocks_.reserve(items_end * hidden_blocks);

  const int step_cols = step_columns(n_items, int64_t{hidden} * n_used, pool().size());
  const int n_steps = (hidden + step_cols - 1) / step_cols;
  // One row for each expert: its weights are read as they lie in memory. Else the experts
  // alternate, so that those with many rows are shared among the threads.
  const bool by_expert = n_items == n_used;
  const int64_t n_products = 2 * int64_t{n_items} * x.cols * hidden;
  const int64_t nanoseconds = n_products / kProductsPerNanosecond;
  share(int64_t{n_steps} * n_used, nanoseconds, [&](int64_t begin, int64_t end, int thread) {
    const auto step_of = [&](int64_t index) {
      return static_cast<int>(by_expert ? index % n_steps : index / n_used);
    };
    const auto expert_of = [&](int64_t index) {
      return static_cast<int>(by_expert ? index / n_steps : index % n_used);
    };
    const auto panels_of = [&](const PackedWeight& weight, int64_t index) {
      return weight.panel(used_experts_[expert_of(index)], step_of(index) * step_cols / kPanelRows);
    };
    for (int64_t index = begin; index < end; ++index) {
      const int step = step_of(index);
      const int i = expert_of(index);
      const auto product = [&](const PackedWeight& weight, Tensor y, const uint8_t* next) {
        const bool quantised = weight.is_quantised();
        MatmulTask task;
        task.first_panel = step * step_cols / kPanelRows;
        task.last_panel = std::min(task.first_panel + step_cols / kPanelRows, weight.n_panels());
        task.x = quantised ? static_cast<const void*>(x_blocks) : x.data;
        task.x_stride = quantised ? x.cols / kQuantBlock * int64_t{sizeof(QuantBlock)}
                                  : x.stride * int64_t{sizeof(float)};
        task.x_rows = item_rows_.data() + offsets_[i];
        task.y = y.data;
        task.y_stride = y.stride;
        task.y_rows = items_.data() + offsets_[i];
        task.n_rows = offsets_[i + 1] - offsets_[i];
        task.next = next;
        run_matmul(task, weight, used_experts_[i], thread);
      };
      product(gate, scratch.gate, panels_of(up, index));
      product(up, scratch.up, index + 1 < end ? panels_of(gate, index + 1) : nullptr);

      const int first = step * step_cols;
      const int n = std::min(step_cols, hidden - first);
      for (int place = offsets_[i]; place < offsets_[i + 1]; ++place) {
        const int64_t item = items_[place];
        float* h = scratch.gate.row(item) + first;
        kernels_.silu_mul(h, h, scratch.up.row(item) + first, n, w.limit);
        if (quantise_hidden) {
          kernels_.quantize(hidden_blocks_.data() + item * hidden_blocks + first / kQuantBlock, h,
                            n / kQuantBlock);
        }
      }
    }
  });
}

void CpuBackend::run_ffn_down(Tensor y, const GatedFfnWeights& w, Tensor hidden, PanelRange panels,
                              int thread) const {
  const PackedWeight& down = packed(w.down);
  for (size_t i = 0; i < used_experts_.size(); ++i) {
    MatmulTask task;
    task.first_panel = panels.first;
    task.last_panel = panels.last;
    if (down.is_quantised()) {
      task.x = hidden_blocks_.data();
      task.x_stride = down.cols() / kQuantBlock * int64_t{sizeof(QuantBlock)};
    } else {
      task.x = hidden.data;
      task.x_stride = hidden.stride * int64_t{sizeof(float)};
    }
    task.x_rows = items_.data() + offsets_[i];
    task.y = y.data;
    task.y_stride = y.stride;
    task.y_rows = task.x_rows;
    task.n_rows = offsets_[i + 1] - offsets_[i];
    if (i + 1 < used_experts_.size()) task.next = down.panel(used_experts_[i + 1], panels.first);
    run_matmul(task, down, used_experts_[i], thread);
  }
}

void CpuBackend::moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                         FfnScratch scratch) {
  if (!all_packed(experts)) {
    return ReferenceBackend::moe_ffn(out, x, routes, experts, scratch);
  }
  const int64_t n_items = int64_t{x.rows} * routes.n_active;
  FATHOM_ASSERT(out.rows == x.rows && out.cols == experts.down->rows());
  FATHOM_ASSERT(scratch.out.rows >= n_items && scratch.out.cols >= out.cols);
  group_by_expert(routes, x.rows, experts);
  run_ffn_hidden(x, experts, scratch);

  const int n_panels = packed(experts.down).n_panels();
  const int64_t n_products = std::ssize(items_) * out.cols * experts.down->cols();
  share(n_panels, n_products / kProductsPerNanosecond, [&](int64_t begin, int64_t end, int thread) {
    run_ffn_down(scratch.out, experts, scratch.gate,
                 {static_cast<int>(begin), static_cast<int>(end)}, thread);
    const int first = static_cast<int>(begin) * kPanelRows;
    const int last = std::min(static_cast<int>(end) * kPanelRows, out.cols);
    for (int row = 0; row < out.rows; ++row) {
      float* sums = out.row(row);
      std::fill(sums + first, sums + last, 0.0f);
      for (int64_t item = int64_t{row} * routes.n_active; item < int64_t{row + 1} * routes.n_active;
           ++item) {
        if (!experts.has_expert(routes.experts[item])) continue;
        const float weight = routes.weights[item];
        const float* expert_out = scratch.out.row(item);
        for (int c = first; c < last; ++c) sums[c] += weight * expert_out[c];
      }
    }
  });
}

void CpuBackend::gated_ffn(Tensor out, Tensor x, const GatedFfnWeights& w, FfnScratch scratch) {
  if (!all_packed(w)) return Backend::gated_ffn(out, x, w, scratch);
  FATHOM_ASSERT(out.rows == x.rows && out.cols == w.down->rows());
  used_experts_.assign(1, 0);
  offsets_.assign({0, x.rows});
  items_.resize(x.rows);
  std::iota(items_.begin(), items_.end(), 0);
  item_rows_.assign(items_.begin(), items_.end());
  run_ffn_hidden(x, w, scratch);

  const int64_t n_products = int64_t{x.rows} * out.cols * w.down->cols();
  const int n_panels = packed(w.down).n_panels();
  share(n_panels, n_products / kProductsPerNanosecond, [&](int64_t begin, int64_t end, int thread) {
    run_ffn_down(out, w, scratch.gate, {static_cast<int>(begin), static_cast<int>(end)}, thread);
  });
}

}  // namespace fathom::engine::cpu
