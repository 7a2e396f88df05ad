// Attention of every kind: which keys a query sees, and where a key's numbers are.
//
// Threads: see Queue.

#pragma once

#include "cuda/ops.h"

namespace fathom::cuda {

/// Keys of a row, in order: the nearest `window` tokens up to its own (all of them if 0), then
/// groups of tokens; or, with `only_chosen`, the chosen groups alone.
struct KeyChoice {
  int window = 0;
  bool only_chosen = false;
  engine::GroupKeys groups;     // size 0: none
  engine::ChosenGroups chosen;  // null: all complete groups
};

/// out(h) = sum over keys of softmax((q(h) . k + q_pe(h) . k_pe) * scale) v; with sinks, the
/// softmax is over those as well.
struct AttentionTask {
  Heads out, q;
  Heads q_pe;  // dim 0: none; its numbers follow those of q in a key
  CacheRows cache;
  DeviceSequences sequences;
  KeyChoice keys;
  int n_kv_heads = 1;  // head h reads key head h / (n_heads / n_kv_heads)
  int value_column =
      0;  // of value head 0; heads of keys and values are q.dim + q_pe.dim and out.dim wide
  float scale = 0;
  const float* sinks = nullptr;  // [n_heads]
  /// `out` as the product behind it reads it: `packed_heads` heads side by side are a row. If these
  /// are several, they are all heads of a row, each of whole pieces of 16 numbers. Only of tasks
  /// that need scratch memory. Without numbers: not wanted.
  PackedRows packed_out;
  int packed_heads = 1;
};

/// Keys that are computed together; their softmax is merged with that of others in order, so that a
/// row has the same bits whichever block computes which part.
inline constexpr int kKeyTile = 64;

/// Bytes of the memory that attention needs beside its tensors.
size_t attention_scratch_bytes(const AttentionTask& task);
void launch_attention(Queue& queue, const AttentionTask& task, void* scratch);

}  // namespace fathom::cuda
