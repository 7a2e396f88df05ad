// Which of a model's layers have experts, and how wide its networks are.

#pragma once

#include "engine/backend.h"
#include "engine/models/fields.h"

namespace fathom::engine {

struct FeedForwardConfig {
  int dim = 0;
  int dense_hidden = 0;
  int n_dense = 0;        // layers before this one have no experts
  int expert_hidden = 0;  // of one routed expert
  int shared_hidden = 0;  // of all shared experts together
  RouterConfig router;    // no experts at all: every layer is dense

  bool has_experts(int layer) const { return router.n_experts > 0 && layer >= n_dense; }
};

/// GGUF's expert_gating_func. A file without it has sigmoid scores if its experts have a bias, as
/// only those do.
RouterScore read_gguf_score(Fields& fields);

/// The groups of experts of a released model, for GGUF files that do not say how many there are:
/// llama.cpp's converter does not write them.
struct KnownGroups {
  int n_experts = 0;  // what the model is recognised by
  int n_groups = 1;
  int n_active_groups = 1;
};

/// What all of DeepSeek's generations name alike. `router` has what the generation fixes: score,
/// group_score, and `normalise` for files that do not say. Remembers in `fields` what is wrong.
FeedForwardConfig read_feed_forward(Fields& fields, RouterConfig router, KnownGroups known);

}  // namespace fathom::engine
