// The end of every model: final norm and output matrix, for the rows whose logits are wanted.

#pragma once

#include <cstdint>
#include <span>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/models/binder.h"
#include "engine/models/scratch.h"

namespace fathom::engine {

inline constexpr TensorName kEmbedding = {"model.embed_tokens.weight", "token_embd.weight"};
inline constexpr TensorName kOutput = {"lm_head.weight", "output.weight"};

struct OutputHead {
  const Weight* norm = nullptr;    // [1, dim]
  const Weight* output = nullptr;  // [vocab, dim]; the embedding table where they are tied
  float norm_eps = 0;
};

/// Binds the model's own head. `tied`: config.json's tie_word_embeddings; a GGUF file says it by
/// having no output matrix.
OutputHead bind_output_head(Binder::Scope top, const Weight* embedding, bool tied, float norm_eps);

/// Rows are taken in slabs: logits of a whole batch would take more memory than its activations.
/// Those of a batch with `tops` are one slab, which stays.
struct OutputScratch {
  static OutputScratch allocate(ScratchAllocator& memory, int max_batch, int dim, int vocab);

  Tensor x;       // [slab, dim]
  Tensor logits;  // [slab, vocab]
};

/// out [n, vocab], host memory = output(norm(x[row])) for the batch's n logit_rows, or nothing if
/// it is empty; and the batch's `tops`. Waits for the device. Errors: device_lost.
Status compute_logits(Backend& backend, std::span<float> out, Tensor x, const Batch& batch,
                      const OutputHead& head, const OutputScratch& scratch);

/// Row i of what was computed last, for a batch with `tops`. Errors: device_lost.
Status read_logits(Backend& backend, std::span<float> out, int i, const OutputScratch& scratch);

}  // namespace fathom::engine
