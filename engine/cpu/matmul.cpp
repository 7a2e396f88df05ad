// Matrix products: rows of x are quantised once, then every thread takes some panels of outputs.

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/cpu/cpu_backend.h"

namespace fathom::engine::cpu {

const QuantBlock* CpuBackend::quantise(Heads x) {
  const int n_blocks = x.dim / kQuantBlock;
  const int64_t n_vectors = int64_t{x.rows} * x.n_heads;
  QuantBlock* blocks = x_blocks_.reserve(n_vectors * n_blocks);
  share(n_vectors, n_vectors * x.dim / 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      kernels_.quantize(blocks + i * n_blocks, x.at(i / x.n_heads, static_cast<int>(i % x.n_heads)),
                        n_blocks);
    }
  });
  return blocks;
}

void CpuBackend::run_matmul(MatmulTask task, const PackedWeight& w, int matrix, int thread) const {
  task.outputs = w.rows();
  task.panels = w.panels(matrix);
  if (task.panels != nullptr) return run_rows(task, w);

  uint8_t* made = panels_.data() + thread * panel_bytes_;
  for (int panel = task.first_panel; panel < task.last_panel; ++panel) {
    w.write_panel(made, matrix, panel);
    MatmulTask one = task;
    one.panels = made;
    one.next = nullptr;
    one.first_panel = 0;
    one.last_panel = 1;
    one.y += panel * kPanelRows;
    one.outputs -= panel * kPanelRows;
    run_rows(one, w);
  }
}

void CpuBackend::run_rows(MatmulTask task, const PackedWeight& w) const {
  task.panel_bytes = w.panel_bytes();
  task.cols = w.cols();
  task.scale_columns = w.scale_columns();
  const auto kernel = kernels_.matmul[static_cast<int>(w.dtype())];

  const int64_t row_bytes = w.is_quantised()
                                ? int64_t{w.cols() / kQuantBlock} * int64_t{sizeof(QuantBlock)}
                                : int64_t{w.cols()} * int64_t{sizeof(float)};
  const int chunk =
      static_cast<int>(std::max<int64_t>(32, kernels_.max_x_bytes / row_bytes / 32 * 32));
  for (int first = 0; first < task.n_rows; first += chunk) {
    kernel(rows_from(task, first, std::min(chunk, task.n_rows - first)));
  }
}

void CpuBackend::matmul(Tensor y, Tensor x, const Weight& w) {
  FATHOM_ASSERT(w.count() == 1 && y.cols == w.rows() && x.cols == w.cols());
  matmul_heads(y.heads(1), x.heads(1), w);
}

void CpuBackend::matmul_heads(Heads y, Heads x, const Weight& w) {
  FATHOM_ASSERT(y.rows == x.rows && y.n_heads == x.n_heads && w.count() == y.n_heads);
  FATHOM_ASSERT(y.dim == w.rows() && x.dim == w.cols());
  const auto* packed = dynamic_cast<const PackedWeight*>(&w);
  if (packed == nullptr) return ReferenceBackend::matmul_heads(y, x, w);  // a single float row

  const QuantBlock* blocks = packed->is_quantised() ? quantise(x) : nullptr;
  const int n_blocks = x.dim / kQuantBlock;
  const int n_panels = packed->n_panels();
  const int64_t nanoseconds = int64_t{x.rows} * x.n_heads * x.dim * y.dim / kProductsPerNanosecond;
  share(int64_t{x.n_heads} * n_panels, nanoseconds, [&](int64_t begin, int64_t end, int thread) {
    while (begin < end) {
      const int head = static_cast<int>(begin / n_panels);
      const int64_t head_end = std::min<int64_t>(end, int64_t{head + 1} * n_panels);
      MatmulTask task;
      task.first_panel = static_cast<int>(begin - int64_t{head} * n_panels);
      task.last_panel = static_cast<int>(head_end - int64_t{head} * n_panels);
      if (blocks != nullptr) {
        task.x = blocks + int64_t{head} * n_blocks;
        task.x_stride = int64_t{x.n_heads} * n_blocks * int64_t{sizeof(QuantBlock)};
      } else {
        task.x = x.at(0, head);
        task.x_stride = x.row_stride * int64_t{sizeof(float)};
      }
      task.y = y.at(0, head);
      task.y_stride = y.row_stride;
      task.n_rows = x.rows;
      if (head_end < end) task.next = packed->panel(head + 1, 0);
      run_matmul(task, *packed, head, thread);
      begin = head_end;
    }
  });
}

}  // namespace fathom::engine::cpu
