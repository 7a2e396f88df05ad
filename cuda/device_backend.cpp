#include "cuda/device_backend.h"

#include <algorithm>

#include "cuda/matmul.h"
#include "engine/base/assert.h"
#include "engine/reference/host_weight.h"

namespace fathom::cuda {
namespace {

using engine::SequenceRows;
using engine::Weight;

class CudaBuffer final : public engine::Buffer {
 public:
  explicit CudaBuffer(DeviceBuffer memory) : memory_(std::move(memory)) {}
  void* data() override { return memory_.data(); }

 private:
  DeviceBuffer memory_;
};

Heads as_heads(Tensor x) { return x.heads(1); }

}  // namespace

// What has failed stays failed for the whole process, until everything on the device is given up.
DeviceBackend::~DeviceBackend() {
  const bool is_broken =
      queue_.error() != cudaSuccess && queue_.error() != cudaErrorMemoryAllocation;
  if (is_broken) (void)cudaDeviceReset();
}

// A thread that has chosen no device computes on the first one. What is called first for a model
// or a step chooses.
void DeviceBackend::choose_device() { queue_.note(cudaSetDevice(device_.index)); }

// Memory.

Result<std::unique_ptr<engine::Buffer>> DeviceBackend::allocate(size_t size_bytes) {
  choose_device();
  FATHOM_TRY(memory, DeviceBuffer::allocate(size_bytes));
  if (size_bytes > 0) queue_.note(cudaMemsetAsync(memory.data(), 0, size_bytes, queue_.stream()));
  FATHOM_CHECK(status_of(queue_, "clearing its memory"));
  return std::make_unique<CudaBuffer>(std::move(memory));
}

Result<std::unique_ptr<Weight>> DeviceBackend::upload(engine::WeightData data) {
  FATHOM_CHECK(engine::validate_weight(data));
  choose_device();
  return CudaWeight::upload(queue_, staging_, data);
}

void DeviceBackend::replace(Weight& weight, int matrix, const engine::WeightData& data) {
  static_cast<CudaWeight&>(weight).replace(queue_, staging_, matrix, data);
}

Status DeviceBackend::download(std::span<float> host, Tensor x) {
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  auto* pinned = static_cast<float*>(downloaded_.reserve(queue_, host.size_bytes()));
  if (pinned == nullptr) return sync();
  for (int row = 0; row < x.rows; ++row)
    queue_.note(cudaMemcpyAsync(pinned + int64_t{row} * x.cols, x.row(row), x.cols * sizeof(float),
                                cudaMemcpyDeviceToHost, queue_.stream()));
  FATHOM_CHECK(sync());
  std::copy_n(pinned, host.size(), host.data());
  return {};
}

// The host's numbers are free when this returns, as in CudaWeight::copy_rows().
void DeviceBackend::write(Tensor x, std::span<const float> host) {
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  for (int row = 0; row < x.rows; ++row)
    queue_.note(cudaMemcpyAsync(x.row(row), host.data() + int64_t{row} * x.cols,
                                x.cols * sizeof(float), cudaMemcpyHostToDevice, queue_.stream()));
}

Status DeviceBackend::sync() {
  queue_.wait();
  arrays_.end_step();
  sequences_.clear();
  return status_of(queue_, "computing");
}

const float* DeviceBackend::plain_rows(const Weight& weight) {
  const CudaWeight& w = cuda_weight(weight);
  if (w.format() == DType::f32) return reinterpret_cast<const float*>(w.view().low);
  std::vector<int32_t> ids(w.rows());
  for (int i = 0; i < w.rows(); ++i) ids[i] = i;
  auto* rows =
      static_cast<float*>(plain_.reserve(queue_, size_t(w.rows()) * w.cols() * sizeof(float)));
  launch_embed(queue_, w.format(), {rows, w.rows(), w.cols(), w.cols()},
               arrays_.on_device(std::span<const int32_t>(ids)), w.view());
  return rows;
}

// Rows by themselves.

void DeviceBackend::embed(Tensor out, std::span<const engine::TokenId> ids, const Weight& table) {
  FATHOM_ASSERT(out.rows == static_cast<int>(ids.size()) && out.cols == table.cols());
  for (const engine::TokenId id : ids) FATHOM_ASSERT(id >= 0 && id < table.rows());
  choose_device();
  const CudaWeight& w = cuda_weight(table);
  launch_embed(queue_, w.format(), out, arrays_.on_device(ids), w.view());
}

void DeviceBackend::rms_norm(Tensor y, Tensor x, const Weight& weight, float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols && weight.cols() == x.cols);
  launch_rms_norm(queue_, y, x, cuda_weight(weight).vector(), eps);
}

void DeviceBackend::layer_norm(Tensor y, Tensor x, const Weight& weight, const Weight& bias,
                               float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols);
  FATHOM_ASSERT(weight.cols() == x.cols && bias.cols() == x.cols);
  launch_layer_norm(queue_, y, x, cuda_weight(weight).vector(), cuda_weight(bias).vector(), eps);
}

void DeviceBackend::add(Tensor y, Tensor a, Tensor b) {
  FATHOM_ASSERT(y.rows == a.rows && y.cols == a.cols && a.rows == b.rows && a.cols == b.cols);
  launch_add(queue_, y, a, b);
}

void DeviceBackend::add_bias(Tensor y, const Weight& bias) {
  FATHOM_ASSERT(bias.cols() == y.cols);
  launch_add_bias(queue_, y, cuda_weight(bias).vector());
}

void DeviceBackend::silu_mul(Tensor y, Tensor gate, Tensor up, float limit) {
  FATHOM_ASSERT(y.rows == gate.rows && y.cols == gate.cols);
  FATHOM_ASSERT(gate.rows == up.rows && gate.cols == up.cols);
  launch_silu_mul(queue_, y, gate, up, limit);
}

void DeviceBackend::unit_rms_norm(Heads y, Heads x, float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.n_heads == x.n_heads && y.dim == x.dim);
  launch_unit_rms_norm(queue_, y, x, eps);
}

void DeviceBackend::rope(Heads x, std::span<const int32_t> positions, const engine::Rope& rope) {
  FATHOM_ASSERT(x.rows == static_cast<int>(positions.size()));
  FATHOM_ASSERT(static_cast<int>(rope.inverse_frequencies.size()) == x.dim / 2);
  launch_rope(queue_, {.x = x,
                       .positions = arrays_.on_device(positions),
                       .inverse_frequencies =
                           arrays_.on_device(std::span<const float>(rope.inverse_frequencies)),
                       .magnitude = rope.magnitude,
                       .interleaved = rope.layout == engine::RopeLayout::interleaved});
}

void DeviceBackend::gather_rows(Tensor out, Tensor x, std::span<const int32_t> rows) {
  FATHOM_ASSERT(out.rows == static_cast<int>(rows.size()) && out.cols == x.cols);
  for (const int32_t row : rows) FATHOM_ASSERT(row >= 0 && row < x.rows);
  launch_gather_rows(queue_, out, x, arrays_.on_device(rows));
}

void DeviceBackend::write_cache(CacheRows cache, std::span<const engine::SlotId> slots, Tensor x,
                                int column) {
  FATHOM_ASSERT(x.rows == static_cast<int>(slots.size()));
  FATHOM_ASSERT(column >= 0 && column + x.cols <= cache.cols);
  for (const engine::SlotId slot : slots) FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
  launch_write_cache(queue_, cache, arrays_.on_device(slots), x, column);
}

// Matrix products.

MatmulTask DeviceBackend::task_for(Heads y, Heads x, const CudaWeight& w) {
  MatmulTask task = {.w = w.view(),
                     .y = y.data,
                     .y_stride = y.row_stride,
                     .y_matrix_stride = y.head_stride,
                     .n_rows = y.rows,
                     .n_matrices = w.count()};
  if (w.format() == DType::f32) {
    task.plain_x = x.data;
    task.plain_x_stride = x.row_stride;
    task.plain_x_matrix_stride = x.head_stride;
    return task;
  }
  const int64_t n_packed = int64_t{x.rows} * x.n_heads;
  void* memory = packed_.reserve(queue_, PackedRows::bytes(n_packed, x.dim));
  task.x = pack_rows(queue_, memory, x);
  task.x_step = x.n_heads;
  task.x_matrix_step = x.n_heads > 1 ? 1 : 0;
  return task;
}

void DeviceBackend::matmul(Tensor y, Tensor x, const Weight& weight) {
  FATHOM_ASSERT(weight.count() == 1 && x.cols == weight.cols() && y.cols == weight.rows());
  FATHOM_ASSERT(x.rows == y.rows);
  const CudaWeight& w = cuda_weight(weight);
  launch_matmul(queue_, w.format(), task_for(as_heads(y), as_heads(x), w));
}

void DeviceBackend::matmul_heads(Heads y, Heads x, const Weight& weight) {
  FATHOM_ASSERT(weight.count() == y.n_heads && x.n_heads == y.n_heads && x.rows == y.rows);
  FATHOM_ASSERT(x.dim == weight.cols() && y.dim == weight.rows());
  const CudaWeight& w = cuda_weight(weight);
  launch_matmul(queue_, w.format(), task_for(y, x, w));
}

// Feed-forward networks.

void DeviceBackend::run_ffn(const FfnTask& ffn, const engine::GatedFfnWeights& weights) {
  const CudaWeight& gate = cuda_weight(*weights.gate);
  const CudaWeight& up = cuda_weight(*weights.up);
  const CudaWeight& down = cuda_weight(*weights.down);
  MatmulTask gate_task = task_for(as_heads(ffn.gate), as_heads(ffn.x), gate);
  gate_task.choice = ffn.choice;
  if (gate.format() == up.format()) {
    MatmulTask up_task = gate_task;
    up_task.w = up.view();
    up_task.y = ffn.up.data;
    up_task.y_stride = ffn.up.stride;
    launch_matmul_pair(queue_, gate.format(), gate_task, up_task);
  } else {
    launch_matmul(queue_, gate.format(), gate_task);
    MatmulTask up_task = task_for(as_heads(ffn.up), as_heads(ffn.x), up);
    up_task.choice = ffn.choice;
    launch_matmul(queue_, up.format(), up_task);
  }

  MatmulTask down_task = {.w = down.view(),
                          .y = ffn.y.data,
                          .y_stride = ffn.y.stride,
                          .n_rows = ffn.y.rows,
                          .choice = ffn.choice};
  down_task.choice.items_per_x = 1;
  if (down.format() == DType::f32) {
    launch_silu_mul(queue_, ffn.gate, ffn.gate, ffn.up, weights.limit);
    down_task.plain_x = ffn.gate.data;
    down_task.plain_x_stride = ffn.gate.stride;
  } else {
    void* memory = packed_.reserve(queue_, PackedRows::bytes(ffn.gate.rows, ffn.gate.cols));
    down_task.x = pack_gated_rows(queue_, memory, ffn.gate, ffn.up, weights.limit);
  }
  launch_matmul(queue_, down.format(), down_task);
}

void DeviceBackend::gated_ffn(Tensor out, Tensor x, const engine::GatedFfnWeights& w,
                              engine::FfnScratch scratch) {
  const int hidden = w.gate->rows();
  run_ffn({.gate = scratch.gate.first_rows(x.rows).columns(0, hidden),
           .up = scratch.up.first_rows(x.rows).columns(0, hidden),
           .x = x,
           .y = out},
          w);
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

void DeviceBackend::moe_ffn(Tensor out, Tensor x, engine::Routes routes,
                            const engine::GatedFfnWeights& experts, engine::FfnScratch scratch) {
  const int n_items = x.rows * routes.n_active;
  const int hidden = experts.gate->rows();
  FATHOM_ASSERT(scratch.gate.rows >= n_items && scratch.out.rows >= n_items);
  const Tensor y = scratch.out.first_rows(n_items).columns(0, out.cols);
  const ExpertRange range = {experts.first_expert, experts.gate->count()};
  run_ffn({.gate = scratch.gate.first_rows(n_items).columns(0, hidden),
           .up = scratch.up.first_rows(n_items).columns(0, hidden),
           .x = x,
           .y = y,
           .choice = choose_rows(routes, x.rows, range)},
          experts);
  launch_sum_experts(queue_, out, y, routes, range);
}

void DeviceBackend::route(engine::Routes routes, Tensor logits, const Weight* bias,
                          const engine::RouterConfig& config) {
  FATHOM_ASSERT(logits.cols == config.n_experts && routes.n_active == config.n_active);
  FATHOM_ASSERT(config.n_active <= config.n_experts && config.n_experts % config.n_groups == 0);
  launch_route(queue_, {.experts = routes.experts,
                        .weights = routes.weights,
                        .logits = logits,
                        .bias = bias != nullptr ? cuda_weight(*bias).vector() : nullptr,
                        .config = config});
}

void DeviceBackend::route_to(engine::Routes routes, Tensor logits, std::span<const int32_t> experts,
                             const engine::RouterConfig& config) {
  FATHOM_ASSERT(logits.cols == config.n_experts && routes.n_active == config.n_active);
  for (const int32_t expert : experts) FATHOM_ASSERT(expert >= 0 && expert < config.n_experts);
  launch_route(queue_, {.experts = routes.experts,
                        .weights = routes.weights,
                        .logits = logits,
                        .given = arrays_.on_device(experts),
                        .config = config});
}

// Hyper-connections.

void DeviceBackend::hyper_weights(Tensor m, const engine::HyperConnection& connection) {
  launch_hyper_weights(queue_, {.m = m,
                                .scale = cuda_weight(*connection.scale).vector(),
                                .base = cuda_weight(*connection.base).vector(),
                                .n_streams = connection.n_streams,
                                .n_iterations = connection.n_iterations,
                                .eps = connection.eps});
}

void DeviceBackend::read_streams(Tensor out, Tensor streams, Tensor m) {
  launch_read_streams(queue_, out, streams, m);
}

void DeviceBackend::write_streams(Tensor streams, Tensor x, Tensor m) {
  launch_write_streams(queue_, streams, x, m);
}

}  // namespace fathom::cuda
