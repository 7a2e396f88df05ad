#include "engine/split/split_backend.h"

#include <bit>
#include <chrono>

#include "engine/split/split_weight.h"

namespace fathom::engine {
namespace {

/// What a request that comes meanwhile may have to wait.
constexpr double kPauseSeconds = 0.02;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Tensor as_row(float* numbers, size_t n) {
  return {numbers, 1, static_cast<int>(n), static_cast<int64_t>(n)};
}

/// The chosen experts as numbers of the same bits, which can be downloaded and written.
Tensor bits_of(Routes routes, size_t n) {
  return as_row(reinterpret_cast<float*>(routes.experts), n);
}

/// [rows, cols] without gaps, in memory that grows.
Tensor host_tensor(std::vector<float>& memory, int rows, int cols) {
  memory.resize(static_cast<size_t>(rows) * static_cast<size_t>(cols));
  return {memory.data(), rows, cols, cols};
}

}  // namespace

SplitBackend::SplitBackend(std::unique_ptr<Backend> device, std::unique_ptr<Backend> host,
                           SplitPlan plan, std::function<double()> clock)
    : device_(std::move(device)),
      host_(std::move(host)),
      plan_(plan),
      clock_(clock ? std::move(clock) : now) {}

std::string SplitBackend::description() const {
  return fmt::format("{}; experts without room there on {}", device_->description(),
                     host_->description());
}

Result<std::unique_ptr<Weight>> SplitBackend::upload(WeightData data) {
  if (!data.is_experts || data.count < 2) return device_->upload(std::move(data));
  std::shared_ptr<SplitLayer> layer = pending_.lock();
  if (!layer) pending_ = layer = std::make_shared<SplitLayer>();
  auto weight = std::make_unique<SplitWeight>(data, layer, layer->n_stacks());
  layer->add(std::move(data));
  if (!layer->is_complete()) return weight;
  pending_.reset();
  const int n_on_device = plan_.next(layer->n_experts(), layer->size_bytes());
  FATHOM_CHECK(layer->place(*device_, *host_, n_on_device));
  layers_.push_back(layer);
  return weight;
}

Status SplitBackend::sync() {
  FATHOM_CHECK(status_);
  FATHOM_CHECK(host_->sync());
  return device_->sync();
}

void SplitBackend::between_jobs() {
  const double end = clock_() + kPauseSeconds;
  while (swap_best() && clock_() + costs_.swap_seconds() < end) {
  }
}

bool SplitBackend::swap_best() {
  std::shared_ptr<SplitLayer> best_layer;
  ExpertPlaces::Swap best;
  for (const std::weak_ptr<SplitLayer>& weak : layers_) {
    const std::shared_ptr<SplitLayer> layer = weak.lock();
    if (!layer || !layer->can_swap(*device_, *host_)) continue;
    const ExpertPlaces::Swap swap = layer->places().best_swap();
    if (swap.n_saved_uses <= best.n_saved_uses) continue;
    best_layer = layer;
    best = swap;
  }
  if (!best_layer || !costs_.swap_pays(best.n_saved_uses)) return false;
  const double begin = clock_();
  if (best_layer->swap(*device_, *host_, best)) costs_.note_swap(clock_() - begin);
  return true;
}

void SplitBackend::moe_ffn(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                           FfnScratch scratch) {
  const auto* gate = dynamic_cast<const SplitWeight*>(experts.gate);
  if (gate == nullptr) return device_->moe_ffn(out, x, routes, experts, scratch);
  if (status_) status_ = run_split(out, x, routes, experts, scratch, gate->layer());
}

// The device's part is queued before the host begins with its own. Sums begin at +0, so that rows
// without experts on the host are the same whether zeros are added to them or not.
Status SplitBackend::run_split(Tensor out, Tensor x, Routes routes, const GatedFfnWeights& experts,
                               FfnScratch scratch, SplitLayer& layer) {
  const bool device_has_some = layer.places().n_on_device() > 0;
  GatedFfnWeights on_device = layer.on_device(experts);
  if (layer.places().n_on_host() == 0) {
    on_device.first_expert = experts.first_expert;
    device_->moe_ffn(out, x, routes, on_device, scratch);
    return {};
  }

  FATHOM_CHECK(read_routes(routes, x.rows, experts, layer.places()));
  const bool host_is_needed = step_.n_used > 0 || !device_has_some;
  if (host_is_needed) {
    step_.weights.resize(step_.places.size());
    FATHOM_CHECK(device_->download(step_.weights, as_row(routes.weights, step_.weights.size())));
    host_tensor(step_.x, x.rows, x.cols);
    FATHOM_CHECK(device_->download(step_.x, x));
  }
  if (device_has_some) run_on_device(out, x, routes, on_device, scratch);
  if (!host_is_needed) return {};
  run_on_host(x.rows, routes.n_active, layer.on_host(experts));
  if (!device_has_some) {
    device_->write(out, step_.out);
  } else {
    const Tensor from_host = scratch.out.first_rows(out.rows).columns(0, out.cols);
    device_->write(from_host, step_.out);
    device_->add(out, out, from_host);
  }
  return {};
}

Status SplitBackend::read_routes(Routes routes, int n_rows, const GatedFfnWeights& experts,
                                 ExpertPlaces& places) {
  const size_t n = static_cast<size_t>(n_rows) * routes.n_active;
  step_.routes.resize(n);
  step_.device_routes.resize(n);
  step_.experts.resize(n);
  step_.places.resize(n);
  FATHOM_CHECK(device_->download(step_.routes, bits_of(routes, n)));
  constexpr int32_t kNot = ExpertPlaces::kNot;
  for (size_t i = 0; i < n; ++i) {
    const auto id = std::bit_cast<int32_t>(step_.routes[i]);
    const int32_t expert = experts.has_expert(id) ? id - experts.first_expert : kNot;
    step_.experts[i] = expert;
    step_.places[i] = expert == kNot ? kNot : places.on_host(expert);
    step_.device_routes[i] = std::bit_cast<float>(expert == kNot ? kNot : places.on_device(expert));
  }
  step_.n_used = places.note_step(step_.experts);
  return {};
}

/// The routes are the caller's: as they were when this is done.
void SplitBackend::run_on_device(Tensor out, Tensor x, Routes routes,
                                 const GatedFfnWeights& experts, FfnScratch scratch) {
  const Tensor bits = bits_of(routes, step_.routes.size());
  device_->write(bits, step_.device_routes);
  device_->moe_ffn(out, x, routes, experts, scratch);
  device_->write(bits, step_.routes);
}

/// step_.out = the sum over the host's experts of step_.x.
void SplitBackend::run_on_host(int n_rows, int n_active, const GatedFfnWeights& experts) {
  const int n_items = n_rows * n_active, dim = experts.down->rows(), hidden = experts.gate->rows();
  const Tensor x = host_tensor(step_.x, n_rows, experts.gate->cols());
  const Tensor out = host_tensor(step_.out, n_rows, dim);
  const FfnScratch scratch = {.gate = host_tensor(step_.gate, n_items, hidden),
                              .up = host_tensor(step_.up, n_items, hidden),
                              .out = host_tensor(step_.ffn_out, n_items, dim)};
  const double begin = clock_();
  host_->moe_ffn(out, x, {step_.places.data(), step_.weights.data(), n_active}, experts, scratch);
  if (step_.n_used > 0) costs_.note_uses(step_.n_used, clock_() - begin);
}

Result<std::unique_ptr<Backend>> make_split_backend(std::unique_ptr<Backend> device,
                                                    std::unique_ptr<Backend> host,
                                                    const SplitMemory& memory) {
  FATHOM_TRY(plan, SplitPlan::fit(memory));
  return std::make_unique<SplitBackend>(std::move(device), std::move(host), plan);
}

}  // namespace fathom::engine
