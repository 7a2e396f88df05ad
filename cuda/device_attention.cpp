// DeviceBackend's operations that look at a text's earlier tokens.

#include <algorithm>
#include <bit>

#include "cuda/device_backend.h"
#include "engine/base/assert.h"

namespace fathom::cuda {

using engine::SequenceRows;

namespace {

bool is_same(const SequenceRows& a, const SequenceRows& b) {
  return a.first_row == b.first_row && a.n_rows == b.n_rows && a.slots.data() == b.slots.data() &&
         a.slots.size() == b.slots.size();
}

}  // namespace

/// Every layer of a step asks for the same ones, and texts may be long.
DeviceSequences DeviceBackend::place(std::span<const SequenceRows> sequences) {
  if (std::ranges::equal(sequences, sequences_, is_same)) return placed_;
  places_.clear();
  slots_.clear();
  size_t longest = 1;
  int most_rows = 0;
  for (const SequenceRows& sequence : sequences) {
    const int first_position = static_cast<int>(sequence.slots.size()) - sequence.n_rows;
    FATHOM_ASSERT(first_position >= 0);
    for (int i = 0; i < sequence.n_rows; ++i)
      places_.push_back({.row = sequence.first_row + i,
                         .position = first_position + i,
                         .first_slot = static_cast<int32_t>(slots_.size())});
    most_rows = std::max(most_rows, sequence.n_rows);
    slots_.insert(slots_.end(), sequence.slots.begin(), sequence.slots.end());
    longest = std::max(longest, sequence.slots.size());
  }
  sequences_.assign(sequences.begin(), sequences.end());
  placed_ = {.rows = arrays_.on_device(std::span<const RowPlace>(places_)),
             .slots = arrays_.on_device(std::span<const int32_t>(slots_)),
             .n_rows = static_cast<int>(places_.size()),
             .most_positions = static_cast<int>(std::bit_ceil(longest)),
             .most_rows = most_rows};
  return placed_;
}

void DeviceBackend::attend(AttentionTask task, Heads read) {
  if (task.sequences.n_rows == 0) return;
  const PackedMemo::Keep keep(packed_);
  keep.writes(task.out);
  const size_t scratch_bytes = attention_scratch_bytes(task);
  if (scratch_bytes > 0 && read.data != nullptr && task.sequences.n_rows == read.rows) {
    task.packed_out = packed_.make(read);
    task.packed_heads = task.out.n_heads / read.n_heads;
  }
  launch_attention(queue_, task, attention_.reserve(queue_, scratch_bytes));
}

void DeviceBackend::attention(Heads out, Heads q, CacheRows cache,
                              std::span<const SequenceRows> sequences, int n_kv_heads,
                              float scale) {
  FATHOM_ASSERT(q.n_heads % n_kv_heads == 0 && out.n_heads == q.n_heads && out.dim == q.dim);
  FATHOM_ASSERT(cache.cols == 2 * n_kv_heads * q.dim);
  attend({.out = out,
          .q = q,
          .cache = cache,
          .sequences = place(sequences),
          .n_kv_heads = n_kv_heads,
          .value_column = n_kv_heads * q.dim,
          .scale = scale},
         side_by_side(out));
}

void DeviceBackend::latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                     std::span<const SequenceRows> sequences, float scale) {
  FATHOM_ASSERT(q_latent.n_heads == q_pe.n_heads && q_latent.rows == q_pe.rows);
  FATHOM_ASSERT(out.n_heads == q_latent.n_heads && out.dim == q_latent.dim);
  FATHOM_ASSERT(cache.cols == q_latent.dim + q_pe.dim);
  attend({.out = out,
          .q = q_latent,
          .q_pe = q_pe,
          .cache = cache,
          .sequences = place(sequences),
          .scale = scale},
         out);
}

void DeviceBackend::chosen_latent_attention(Heads out, Heads q_latent, Heads q_pe, CacheRows cache,
                                            std::span<const SequenceRows> sequences,
                                            engine::ChosenGroups chosen, float scale) {
  FATHOM_ASSERT(cache.cols == q_latent.dim + q_pe.dim && chosen.limit > 0);
  attend({.out = out,
          .q = q_latent,
          .q_pe = q_pe,
          .cache = cache,
          .sequences = place(sequences),
          .keys = {.only_chosen = true, .groups = {.size = 1}, .chosen = chosen},
          .scale = scale},
         out);
}

void DeviceBackend::shared_kv_attention(Heads out, Heads q, Tensor cache,
                                        std::span<const SequenceRows> sequences,
                                        const engine::SharedKvAttention& attention) {
  FATHOM_ASSERT(out.n_heads == q.n_heads && out.dim == q.dim && attention.window > 0);
  FATHOM_ASSERT(attention.pooled.column + q.dim <= cache.cols);
  attend(
      {.out = out,
       .q = q,
       .cache = cache,
       .sequences = place(sequences),
       .keys = {.window = attention.window, .groups = attention.pooled, .chosen = attention.chosen},
       .scale = attention.scale,
       .sinks = cuda_weight(*attention.sinks).vector()},
      {});
}

void DeviceBackend::pool_groups(Tensor out, Tensor cache, std::span<const SequenceRows> sequences,
                                const engine::GroupPooling& pooling) {
  FATHOM_ASSERT(pooling.size > 0 && out.cols == pooling.dim);
  launch_pool_groups(queue_, out, cache, place(sequences), pooling,
                     plain_rows(*pooling.position_bias));
}

void DeviceBackend::choose_groups(engine::ChosenGroups chosen, Heads q, Tensor weights,
                                  Tensor cache, std::span<const SequenceRows> sequences,
                                  engine::GroupKeys keys) {
  FATHOM_ASSERT(weights.cols == q.n_heads && weights.rows == q.rows && chosen.limit > 0);
  FATHOM_ASSERT(keys.size > 0 && keys.column + q.dim <= cache.cols);
  const DeviceSequences placed = place(sequences);
  const int max_groups = placed.most_positions / keys.size;
  void* scores = groups_.reserve(queue_, size_t(placed.n_rows) * max_groups * sizeof(float));
  launch_choose_groups(queue_, {.chosen = chosen,
                                .q = q,
                                .weights = weights,
                                .cache = cache,
                                .sequences = placed,
                                .keys = keys,
                                .scores = static_cast<float*>(scores),
                                .max_groups = max_groups});
}

}  // namespace fathom::cuda
