#include "engine/models/output_head.h"

#include <algorithm>

#include "engine/models/layer_probe.h"

namespace fathom::engine {

OutputHead bind_output_head(Binder::Scope top, const Weight* embedding, bool tied, float norm_eps) {
  if (!embedding) return {};  // the binder knows why
  if (top.is_gguf()) tied = !top.has(kOutput);
  return {.norm = top.vector({"model.norm.weight", "output_norm.weight"}, embedding->cols()),
          .output = tied ? embedding : top.matrix(kOutput, embedding->rows(), embedding->cols()),
          .norm_eps = norm_eps};
}

OutputScratch OutputScratch::allocate(ScratchAllocator& memory, int max_batch, int dim, int vocab) {
  const int rows = std::min(max_batch, Batch::kMaxTops);
  return {.x = memory.tensor(rows, dim), .logits = memory.tensor(rows, vocab)};
}

Status compute_logits(Backend& backend, std::span<float> out, Tensor x, const Batch& batch,
                      const OutputHead& head, const OutputScratch& scratch) {
  std::span<const int32_t> rows = batch.logit_rows;
  const size_t vocab = head.output->rows();
  FATHOM_ASSERT(out.empty() || out.size() == rows.size() * vocab);
  FATHOM_ASSERT(batch.tops.empty() ||
                (batch.tops.size() == rows.size() && std::ssize(rows) <= scratch.logits.rows));
  while (!rows.empty()) {
    const size_t n = std::min<size_t>(rows.size(), scratch.x.rows);
    const Tensor slab = scratch.x.first_rows(static_cast<int>(n));
    const Tensor logits = scratch.logits.first_rows(static_cast<int>(n));
    backend.gather_rows(slab, x, rows.first(n));
    backend.rms_norm(slab, slab, *head.norm, head.norm_eps);
    LayerProbe{batch.probe}.see("final_norm", slab);
    backend.matmul(logits, slab, *head.output);
    if (!batch.tops.empty()) FATHOM_CHECK(backend.top_logits(batch.tops, logits));
    rows = rows.subspan(n);
    if (out.empty()) continue;
    FATHOM_CHECK(backend.download(out.first(n * vocab), logits));
    out = out.subspan(n * vocab);
  }
  return backend.sync();
}

Status read_logits(Backend& backend, std::span<float> out, int i, const OutputScratch& scratch) {
  const Tensor& logits = scratch.logits;
  return backend.download(out, {logits.row(i), 1, logits.cols, logits.stride});
}

}  // namespace fathom::engine
