// What an exchange of sums between GPUs computes (rank_sums.cu).
//
// Threads: see Queue.

#pragma once

#include "cuda/queue.h"
#include "engine/tensor.h"

namespace fathom::cuda {

/// bf16 [rows, cols] of x, without gaps. `to`: bits of bf16.
void launch_round_rows(Queue& queue, uint16_t* to, engine::Tensor x);

/// x = the sum of n_parts of bf16 [rows, cols] without gaps, `stride` numbers apart.
void launch_sum_parts(Queue& queue, engine::Tensor x, const uint16_t* parts, int n_parts,
                      int64_t stride);

}  // namespace fathom::cuda
