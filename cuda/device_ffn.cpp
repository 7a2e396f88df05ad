// DeviceBackend's feed-forward networks.

#include <array>

#include "cuda/device_backend.h"
#include "cuda/matmul.h"
#include "engine/base/assert.h"

namespace fathom::cuda {

/// A network, or a choice of several that are stacked, and the rows that it computes.
struct DeviceBackend::Network {
  const engine::GatedFfnWeights& weights;
  Tensor gate, up;  // scratch [items, hidden]
  Tensor x, y;
  RowChoice choice;
  DeviceScratch& activations;
  PackedRows packed;  // activations, if `down` reads them so

  bool reads_packed() const { return cuda_weight(*weights.down).format() != DType::f32; }
  /// Gate and up in one pass, activations as `down` reads them.
  SmallTask gated(const MatmulTask& gate_task) const {
    SmallTask task = {.product = gate_task,
                      .is_gated = true,
                      .limit = weights.limit,
                      .up = cuda_weight(*weights.up).view()};
    if (reads_packed()) {
      task.packed_y = packed;
      task.product.y = nullptr;
    }
    return task;
  }
};

namespace {

ExpertRange range_of(const engine::GatedFfnWeights& experts) {
  return {experts.first_expert, experts.gate->count()};
}

}  // namespace

void DeviceBackend::run_networks(std::span<Network> networks) {
  const PackedMemo::Keep keep(packed_);
  MatmulBatch batch(queue_);
  for (Network& network : networks) {
    const CudaWeight& gate = cuda_weight(*network.weights.gate);
    const CudaWeight& up = cuda_weight(*network.weights.up);
    if (network.reads_packed()) {
      const Tensor a = network.gate;
      network.packed = PackedRows::in(
          network.activations.reserve(queue_, PackedRows::bytes(a.rows, a.cols)), a.rows, a.cols);
    }
    MatmulTask gate_task = task_for(network.gate.heads(1), network.x.heads(1), gate);
    gate_task.choice = network.choice;
    if (gate.format() == up.format() && is_small(gate.format(), gate_task)) {
      batch.add(gate.format(), network.gated(gate_task));
      continue;
    }
    batch.add(gate.format(), {.product = gate_task});
    MatmulTask up_task = task_for(network.up.heads(1), network.x.heads(1), up);
    up_task.choice = network.choice;
    batch.add(up.format(), {.product = up_task});
    batch.launch();
    const Tensor a = network.gate;
    if (network.reads_packed())
      pack_gated_rows(queue_, network.packed, a, network.up, network.weights.limit);
    else
      launch_silu_mul(queue_, a, a, network.up, network.weights.limit);
  }
  batch.launch();

  for (const Network& network : networks) {
    const CudaWeight& down = cuda_weight(*network.weights.down);
    MatmulTask task = {.w = down.view(),
                       .x = network.packed,
                       .plain_x = network.gate.data,
                       .plain_x_stride = network.gate.stride,
                       .y = network.y.data,
                       .y_stride = network.y.stride,
                       .n_rows = network.y.rows,
                       .choice = network.choice};
    task.choice.items_per_x = 1;
    batch.add(down.format(), {.product = task});
    keep.writes(network.y.heads(1));
  }
  batch.launch();
}

void DeviceBackend::gated_ffn(Tensor out, Tensor x, const engine::GatedFfnWeights& w,
                              engine::FfnScratch scratch) {
  std::array networks = {shared_network(out, x, w, scratch)};
  run_networks(networks);
}

/// Which items meet which expert. One row's are as the routes have them.
RowChoice DeviceBackend::choose_rows(engine::Routes routes, int n_rows, ExpertRange range) {
  const int n_items = n_rows * routes.n_active;
  if (n_rows == 1)
    return {.experts = routes.experts,
            .first_expert = range.first,
            .n_tiles = n_items,
            .items_per_x = routes.n_active};
  const int tile = tile_rows_for(n_items / range.n);
  const int n_tiles = max_tiles(n_items, range.n, tile);
  auto* tiles = static_cast<RowTile*>(
      groups_.reserve(queue_, n_tiles * sizeof(RowTile) + n_items * sizeof(int32_t)));
  auto* items = reinterpret_cast<int32_t*>(tiles + n_tiles);
  launch_group_by_expert(queue_, {tiles, items}, routes.experts, n_items, range, tile);
  return {.tiles = tiles,
          .items = items,
          .n_tiles = n_tiles,
          .tile_rows = tile,
          .items_per_x = routes.n_active};
}

/// Its y is a row for each item; with them the choice of rows is made.
DeviceBackend::Network DeviceBackend::routed_network(Tensor x, engine::Routes routes,
                                                     const engine::GatedFfnWeights& experts,
                                                     engine::FfnScratch scratch) {
  const int n_items = x.rows * routes.n_active, hidden = experts.gate->rows();
  FATHOM_ASSERT(scratch.gate.rows >= n_items && scratch.out.rows >= n_items);
  return {.weights = experts,
          .gate = scratch.gate.first_rows(n_items).columns(0, hidden),
          .up = scratch.up.first_rows(n_items).columns(0, hidden),
          .x = x,
          .y = scratch.out.first_rows(n_items).columns(0, experts.down->rows()),
          .choice = choose_rows(routes, x.rows, range_of(experts)),
          .activations = activations_[0],
          .packed = {}};
}

DeviceBackend::Network DeviceBackend::shared_network(Tensor out, Tensor x,
                                                     const engine::GatedFfnWeights& w,
                                                     engine::FfnScratch scratch) {
  const int hidden = w.gate->rows();
  return {.weights = w,
          .gate = scratch.gate.first_rows(x.rows).columns(0, hidden),
          .up = scratch.up.first_rows(x.rows).columns(0, hidden),
          .x = x,
          .y = out,
          .choice = {},
          .activations = activations_[1],
          .packed = {}};
}

void DeviceBackend::moe_ffn(Tensor out, Tensor x, engine::Routes routes,
                            const engine::GatedFfnWeights& experts, engine::FfnScratch scratch) {
  std::array networks = {routed_network(x, routes, experts, scratch)};
  run_networks(networks);
  launch_sum_experts(queue_, out, networks[0].y, routes, range_of(experts), {});
}

void DeviceBackend::experts_ffn(Tensor x, engine::Routes routes, const engine::ExpertsWeights& w,
                                const engine::ExpertsScratch& scratch) {
  if (w.routed.gate == nullptr || w.shared.gate == nullptr)
    return Backend::experts_ffn(x, routes, w, scratch);
  const Tensor shared = scratch.shared_out.first_rows(x.rows);
  std::array networks = {routed_network(x, routes, w.routed, scratch.routed),
                         shared_network(shared, x, w.shared, scratch.shared)};
  run_networks(networks);
  launch_sum_experts(queue_, x, networks[0].y, routes, range_of(w.routed), shared);
}

}  // namespace fathom::cuda
