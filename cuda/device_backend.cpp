#include "cuda/device_backend.h"

#include <algorithm>
#include <array>

#include "cuda/matmul.h"
#include "cuda/top_logits.h"
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

/// Pieces without gaps: all rows, or each.
struct Pieces {
  int n;
  int64_t size;    // numbers
  int64_t stride;  // from one to the next, in the tensor
};

Pieces pieces_of(Tensor x) {
  if (x.stride == x.cols) return {1, int64_t{x.rows} * x.cols, 0};
  return {x.rows, x.cols, x.stride};
}

}  // namespace

// What has failed stays failed for the whole process, until everything on the device is given up.
DeviceBackend::~DeviceBackend() {
  const bool is_broken =
      queue_.error() != cudaSuccess && queue_.error() != cudaErrorMemoryAllocation;
  if (is_broken && cudaSetDevice(device_.index) == cudaSuccess) (void)cudaDeviceReset();
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
  return CudaWeight::upload(queue_, uploader_, data);
}

void DeviceBackend::replace(Weight& weight, int matrix, const engine::WeightData& data) {
  static_cast<CudaWeight&>(weight).replace(queue_, uploader_, matrix, data);
}

Status DeviceBackend::download(std::span<float> host, Tensor x) {
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  auto* pinned = static_cast<float*>(downloaded_.reserve(queue_, host.size_bytes()));
  if (pinned == nullptr) return sync();
  const Pieces pieces = pieces_of(x);
  for (int i = 0; i < pieces.n; ++i)
    queue_.note(cudaMemcpyAsync(pinned + i * pieces.size, x.data + i * pieces.stride,
                                pieces.size * sizeof(float), cudaMemcpyDeviceToHost,
                                queue_.stream()));
  FATHOM_CHECK(sync());
  std::copy_n(pinned, host.size(), host.data());
  return {};
}

Status DeviceBackend::top_logits(std::span<engine::TopLogits> tops, Tensor logits) {
  FATHOM_ASSERT(std::ssize(tops) == logits.rows);
  temperatures_.clear();
  for (const engine::TopLogits& top : tops) temperatures_.push_back(top.temperature);
  auto* found = static_cast<engine::TopLogits*>(
      tops_.reserve(queue_, tops.size_bytes() + top_logits_scratch_bytes(logits)));
  auto* pinned = static_cast<engine::TopLogits*>(downloaded_.reserve(queue_, tops.size_bytes()));
  if (found == nullptr || pinned == nullptr) return sync();
  launch_top_logits(queue_,
                    {.tops = found,
                     .logits = logits,
                     .temperatures = arrays_.on_device(std::span<const float>(temperatures_)),
                     .scratch = found + tops.size()});
  queue_.note(
      cudaMemcpyAsync(pinned, found, tops.size_bytes(), cudaMemcpyDeviceToHost, queue_.stream()));
  FATHOM_CHECK(sync());
  std::copy_n(pinned, tops.size(), tops.data());
  return {};
}

// The host's numbers are free when this returns: copies from pageable memory take them at once.
void DeviceBackend::write(Tensor x, std::span<const float> host) {
  choose_device();
  FATHOM_ASSERT(host.size() == static_cast<size_t>(int64_t{x.rows} * x.cols));
  const Pieces pieces = pieces_of(x);
  for (int i = 0; i < pieces.n; ++i)
    queue_.note(cudaMemcpyAsync(x.data + i * pieces.stride, host.data() + i * pieces.size,
                                pieces.size * sizeof(float), cudaMemcpyHostToDevice,
                                queue_.stream()));
}

Status DeviceBackend::sync() {
  queue_.wait();
  arrays_.end_step();
  packed_.end_step();
  sequences_.clear();
  return status_of(queue_, "computing");
}

const float* DeviceBackend::plain_rows(const Weight& weight) {
  const CudaWeight& w = cuda_weight(weight);
  if (w.format() == DType::f32) return reinterpret_cast<const float*>(w.view().low);
  for (int id = static_cast<int>(all_ids_.size()); id < w.rows(); ++id) all_ids_.push_back(id);
  auto* rows =
      static_cast<float*>(plain_.reserve(queue_, size_t(w.rows()) * w.cols() * sizeof(float)));
  launch_embed(queue_, w.format(), {rows, w.rows(), w.cols(), w.cols()},
               arrays_.on_device(std::span<const int32_t>(all_ids_).first(w.rows())), w.view());
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
  add_rms_norm(y, x, {}, weight, eps);
}

void DeviceBackend::add_rms_norm(Tensor y, Tensor x, Tensor delta, const Weight& weight,
                                 float eps) {
  FATHOM_ASSERT(y.rows == x.rows && y.cols == x.cols && weight.cols() == x.cols);
  FATHOM_ASSERT(delta.data == nullptr || (delta.rows == x.rows && delta.cols == x.cols));
  const PackedMemo::Keep keep(packed_);
  launch_rms_norm(queue_, {.y = y,
                           .x = x,
                           .delta = delta,
                           .weight = cuda_weight(weight).vector(),
                           .eps = eps,
                           .packed = packed_.make(y.heads(1))});
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

RopeAngles DeviceBackend::angles_of(std::span<const int32_t> positions, const engine::Rope& rope) {
  return {
      .positions = arrays_.on_device(positions),
      .inverse_frequencies = arrays_.on_device(std::span<const float>(rope.inverse_frequencies)),
      .magnitude = rope.magnitude,
      .interleaved = rope.layout == engine::RopeLayout::interleaved};
}

void DeviceBackend::rope(Heads x, std::span<const int32_t> positions, const engine::Rope& rope) {
  FATHOM_ASSERT(x.rows == static_cast<int>(positions.size()));
  FATHOM_ASSERT(static_cast<int>(rope.inverse_frequencies.size()) == x.dim / 2);
  launch_rope(queue_, x, angles_of(positions, rope));
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

void DeviceBackend::write_keys(CacheRows cache, std::span<const engine::SlotId> slots,
                               Heads queries, const engine::TokenKeys& keys,
                               std::span<const int32_t> positions, const engine::Rope& rope) {
  const Heads& k = keys.rotated;
  FATHOM_ASSERT(k.rows == static_cast<int>(slots.size()) && queries.rows == k.rows);
  FATHOM_ASSERT(positions.size() == slots.size() && queries.dim >= k.dim);
  FATHOM_ASSERT(k.head_stride == k.dim || k.n_heads == 1);
  FATHOM_ASSERT(static_cast<int>(rope.inverse_frequencies.size()) == k.dim / 2);
  FATHOM_ASSERT(keys.normed.cols + k.n_heads * k.dim + keys.plain.cols <= cache.cols);
  for (const engine::SlotId slot : slots) FATHOM_ASSERT(slot >= 0 && slot < cache.rows);
  const PackedMemo::Keep keep(packed_);
  for (const Heads& y : {queries, keys.normed.heads(1), k}) keep.writes(y);
  const Heads plain = queries.columns(0, queries.dim - k.dim);
  launch_write_keys(queue_,
                    {.cache = cache,
                     .slots = arrays_.on_device(slots),
                     .queries = queries,
                     .packed_queries = plain.dim > 0 ? packed_.make(plain) : PackedRows{},
                     .normed = keys.normed,
                     .norm = keys.normed.cols > 0 ? cuda_weight(*keys.norm).vector() : nullptr,
                     .eps = keys.eps,
                     .keys = k,
                     .plain = keys.plain,
                     .angles = angles_of(positions, rope)});
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
  task.x = packed_.get(x);
  task.x_step = x.n_heads;
  task.x_matrix_step = x.n_heads > 1 ? 1 : 0;
  return task;
}

void DeviceBackend::matmul(Tensor y, Tensor x, const Weight& weight) {
  matmul_each(std::array{engine::Product{y, &weight}}, x);
}

void DeviceBackend::matmul_each(std::span<const engine::Product> products, Tensor x) {
  const PackedMemo::Keep keep(packed_);
  MatmulBatch batch(queue_);
  for (const engine::Product& product : products) {
    const CudaWeight& w = cuda_weight(*product.weight);
    const Tensor y = product.y;
    FATHOM_ASSERT(w.count() == 1 && x.cols == w.cols() && y.cols == w.rows() && x.rows == y.rows);
    FATHOM_ASSERT(product.bias == nullptr || product.bias->cols() == y.cols);
    SmallTask task = {.product = task_for(y.heads(1), x.heads(1), w)};
    const float* bias = product.bias != nullptr ? cuda_weight(*product.bias).vector() : nullptr;
    const bool adds_bias = is_small(w.format(), task.product);
    if (adds_bias) task.bias = bias;
    batch.add(w.format(), task);
    if (bias != nullptr && !adds_bias) launch_add_bias(queue_, y, bias);
    keep.writes(y.heads(1));
  }
  batch.launch();
}

void DeviceBackend::matmul_heads(Heads y, Heads x, const Weight& weight) {
  FATHOM_ASSERT(weight.count() == y.n_heads && x.n_heads == y.n_heads && x.rows == y.rows);
  FATHOM_ASSERT(x.dim == weight.cols() && y.dim == weight.rows());
  const CudaWeight& w = cuda_weight(weight);
  const PackedMemo::Keep keep(packed_);
  SmallTask task = {.product = task_for(y, x, w)};
  keep.writes(y);
  // Heads side by side are the next product's x.
  const Heads next_x = side_by_side(y);
  if (next_x.data != nullptr && is_small(w.format(), task.product))
    task.packed_y = packed_.make(next_x);
  MatmulBatch batch(queue_);
  batch.add(w.format(), task);
  batch.launch();
}

void DeviceBackend::route(engine::Routes routes, Tensor logits, const Weight* bias,
                          const engine::RouterConfig& config) {
  FATHOM_ASSERT(logits.cols == config.n_experts && routes.n_active == config.n_active);
  FATHOM_ASSERT(config.n_active <= config.n_experts && config.n_experts % config.n_groups == 0);
  const PackedMemo::Keep keep(packed_);
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
  const PackedMemo::Keep keep(packed_);
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
