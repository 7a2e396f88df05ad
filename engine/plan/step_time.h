// How long one decoded token and one prompt take, on paper: bytes by bandwidth, products by peak,
// and what waiting for each other costs.
//
// Threads: any.

#pragma once

#include <cstdint>

#include "engine/plan/gpu_table.h"
#include "engine/plan/rank_need.h"

namespace fathom::engine {

struct DecodeTime {
  double read_s = 0;      // weights and cache
  double sync_s = 0;      // steps of a layer that wait for each other
  double exchange_s = 0;  // between ranks, or with the processor

  double total_s() const { return read_s + sync_s + exchange_s; }
};

/// Sums over n_ranks ranks after attention and networks of n_layers layers, `n_bytes` each.
double exchange_seconds(const Link& link, int n_ranks, int n_layers, double n_bytes);

double sync_seconds(int n_layers);

/// Of a rank that keeps `need`: what it computes of a prompt, or what it must read for that at
/// least, whichever takes longer.
double prompt_seconds(const Gpu& gpu, const RankNeed& need, int n_tokens);

/// kPromptTokens, or a shorter context.
int prompt_tokens(int context_tokens);

}  // namespace fathom::engine
