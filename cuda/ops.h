// What the device can be asked to do: a function for each operation, in <operation>.cu. Formulas
// and aliasing: engine/backend.h. All pointers are to device memory.
//
// Threads: see Queue. Nothing waits.

#pragma once

#include "cuda/packed_rows.h"
#include "cuda/queue.h"
#include "cuda/sequences.h"
#include "cuda/weight_view.h"
#include "engine/base/assert.h"
#include "engine/cache_rows.h"
#include "engine/op_types.h"

namespace fathom::cuda {

using engine::CacheRows;
using engine::DType;
using engine::Heads;
using engine::Tensor;

/// `bytes` has rows [first, first + n) of all matrices as the model file has them.
void launch_repack(Queue& queue, DType dtype, const WeightView& to, const std::byte* bytes,
                   int64_t first, int64_t n);

void launch_embed(Queue& queue, DType dtype, Tensor out, const int32_t* ids,
                  const WeightView& table);

struct RmsNormTask {
  Tensor y, x;
  Tensor delta;         // added to x first; no data: nothing is
  const float* weight;  // [x.cols]
  float eps;
  PackedRows packed;  // y again
};
void launch_rms_norm(Queue& queue, const RmsNormTask& task);
void launch_layer_norm(Queue& queue, Tensor y, Tensor x, const float* weight, const float* bias,
                       float eps);
void launch_unit_rms_norm(Queue& queue, Heads y, Heads x, float eps);
void launch_add(Queue& queue, Tensor y, Tensor a, Tensor b);
void launch_add_bias(Queue& queue, Tensor y, const float* bias);
void launch_silu_mul(Queue& queue, Tensor y, Tensor gate, Tensor up, float limit);
void launch_gather_rows(Queue& queue, Tensor out, Tensor x, const int32_t* rows);
void launch_write_cache(Queue& queue, CacheRows cache, const int32_t* slots, Tensor x, int column);

struct RopeAngles {
  const int32_t* positions;          // [rows]
  const float* inverse_frequencies;  // [dim / 2]
  float magnitude;
  bool interleaved;
};
void launch_rope(Queue& queue, Heads x, const RopeAngles& angles);

struct WriteKeysTask {
  CacheRows cache;
  const int32_t* slots;       // [rows]
  Heads queries;              // of which the last keys.dim numbers are rotated, and
  PackedRows packed_queries;  // those before are packed, each head as a row; without any: not
  Tensor normed;
  const float* norm;  // [normed.cols]
  float eps;
  Heads keys;
  Tensor plain;
  RopeAngles angles;
};
void launch_write_keys(Queue& queue, const WriteKeysTask& task);

struct RouteTask {
  int32_t* experts;  // [n, n_active]; given ones if `given`
  float* weights;    // [n, n_active]
  Tensor logits;
  const float* bias;     // [n_experts]?
  const int32_t* given;  // [n, n_active]?
  engine::RouterConfig config;
};
void launch_route(Queue& queue, const RouteTask& task);

void launch_pool_groups(Queue& queue, Tensor out, Tensor cache, const DeviceSequences& sequences,
                        const engine::GroupPooling& pooling, const float* position_bias);

struct ChooseGroupsTask {
  engine::ChosenGroups chosen;
  Heads q;
  Tensor weights, cache;
  DeviceSequences sequences;
  engine::GroupKeys keys;
  float* scores;  // [n_rows, max_groups]
  int max_groups;
};
void launch_choose_groups(Queue& queue, const ChooseGroupsTask& task);

struct HyperWeightsTask {
  Tensor m;
  const float* scale;
  const float* base;
  int n_streams, n_iterations;
  float eps;
};
void launch_hyper_weights(Queue& queue, const HyperWeightsTask& task);
void launch_read_streams(Queue& queue, Tensor out, Tensor streams, Tensor m);
void launch_write_streams(Queue& queue, Tensor streams, Tensor x, Tensor m);

}  // namespace fathom::cuda
