// What choosing a token needs of logits.
//
// Threads: see Queue.

#pragma once

#include "cuda/queue.h"
#include "engine/tensor.h"
#include "engine/top_logits.h"

namespace fathom::cuda {

struct TopLogitsTask {
  engine::TopLogits* tops;  // [logits.rows]
  engine::Tensor logits;
  const float* temperatures;  // [logits.rows]
  void* scratch;              // top_logits_scratch_bytes()
};

size_t top_logits_scratch_bytes(engine::Tensor logits);
void launch_top_logits(Queue& queue, const TopLogitsTask& task);

}  // namespace fathom::cuda
