// A Model that several devices share: each rank has a backend, its part of the weights and of the
// KV cache, and a thread; all compute the same step and add up their parts of every layer.
//
// Shared out: heads of attention, hidden numbers of feed-forward networks, routed experts (each
// rank has some of them whole). What cannot be cut, because heads are too few or blocks of the
// weights' type too wide, each rank computes for itself, so that no rank waits for another there.
// Norms, routers, the latents of MLA, DeepSeek-V3.2's indexer, DeepSeek-V4's attention, the
// embedding and the output matrix are whole on every rank; only rank 0 computes logits. Source:
// Megatron-LM, arXiv:1909.08053, section 3.
//
// Threads: engine thread only, which is rank 0's; the others are the model's own.
//
// Invariants: ranks never disagree about what to compute, cancellation included. A rank that fails
// takes the others with it: the step returns its error, and so does every later one.

#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/parallel/communicator.h"

namespace fathom::engine {

/// What one rank computes on and is joined to the others by.
struct RankDevice {
  Backend* backend = nullptr;  // must outlive the model
  std::unique_ptr<Communicator> communicator;
};

/// `devices` in the order of their ranks, at least one. Its cache_widths() are those of rank 0,
/// then those of rank 1, and so on. Errors: as load_model(), of any rank.
Result<std::unique_ptr<Model>> load_sharded_model(std::shared_ptr<const Checkpoint> checkpoint,
                                                  std::vector<RankDevice> devices,
                                                  const ModelOptions& options);

}  // namespace fathom::engine
