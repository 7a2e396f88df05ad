#include "engine/plan/machine_plan.h"

#include <algorithm>
#include <array>

#include "engine/plan/assumptions.h"
#include "engine/plan/rank_need.h"

namespace fathom::engine {
namespace {

int64_t bytes_of(const std::array<int64_t, kParts>& parts, Part part) {
  return parts[static_cast<size_t>(part)];
}

/// Deals layers out to the GPU, from the first on, until it is full.
class Dealer final {
 public:
  Dealer(const ModelParts& model, const Machine& machine, int context_tokens)
      : model_(model), machine_(machine) {
    const int n_layers = static_cast<int>(model.layers.size());
    for (int i = 0; i < n_layers; ++i)
      needs_.push_back(need_of_rank(model, {i, i + 1, 1, context_tokens}));
    place_.gpu_bytes = need_of_rank(model, {0, n_layers, 1, context_tokens}).scratch_bytes;
  }

  Placement run() {
    deal_out_base();
    deal_out_experts();
    place_.fits = place_.layers_on_gpu > 0 && place_.memory_bytes <= machine_.memory_bytes;
    const bool all_layers = place_.layers_on_gpu == static_cast<int>(needs_.size());
    place_.decode = {.read_s = static_cast<double>(gpu_reads_) / machine_.gpu->bytes_per_s +
                               static_cast<double>(memory_reads_) / kProcessorBytesPerSecond,
                     .sync_s = sync_seconds(std::min(place_.layers_on_gpu, model_.n_layers)),
                     .exchange_s = (n_round_trips_ + (all_layers ? 0 : 1)) * kRoundTripSeconds};
    return place_;
  }

 private:
  bool take(int64_t n_bytes) {
    if (place_.gpu_bytes + n_bytes > usable_bytes(*machine_.gpu)) return false;
    place_.gpu_bytes += n_bytes;
    return true;
  }

  /// All but experts, and but the embeddings: only a row of them is read.
  void deal_out_base() {
    for (const RankNeed& need : needs_) {
      const int64_t embedding = bytes_of(need.part_bytes, Part::embedding);
      const int64_t routed = bytes_of(need.part_bytes, Part::routed);
      const int64_t base = need.total_bytes() - need.scratch_bytes - embedding - routed;
      const int64_t reads = need.total_read_bytes() - bytes_of(need.read_bytes, Part::routed);
      is_full_ = is_full_ || !take(base);
      place_.layers_on_gpu += is_full_ ? 0 : 1;
      place_.memory_bytes += embedding + (is_full_ ? base : 0);
      (is_full_ ? memory_reads_ : gpu_reads_) += reads;
    }
  }

  void deal_out_experts() {
    int64_t all = 0, in_memory = 0;
    for (size_t i = 0; i < needs_.size(); ++i) {
      const int64_t routed = bytes_of(needs_[i].part_bytes, Part::routed);
      if (routed == 0) continue;
      const bool has_base = i < static_cast<size_t>(place_.layers_on_gpu);
      is_full_ = is_full_ || !take(routed);
      n_round_trips_ += is_full_ && has_base ? 1 : 0;
      place_.expert_layers_on_gpu += is_full_ ? 0 : 1;
      (is_full_ ? memory_reads_ : gpu_reads_) += bytes_of(needs_[i].read_bytes, Part::routed);
      in_memory += is_full_ ? routed : 0;
      all += routed;
    }
    place_.memory_bytes += in_memory;
    if (all > 0)
      place_.experts_in_memory = static_cast<double>(in_memory) / static_cast<double>(all);
  }

  const ModelParts& model_;
  const Machine& machine_;
  std::vector<RankNeed> needs_;  // of each layer
  Placement place_ = {.place = Place::both};
  bool is_full_ = false;  // the GPU
  int64_t gpu_reads_ = 0;
  int64_t memory_reads_ = 0;
  int n_round_trips_ = 0;
};

Placement on_processor(const RankNeed& need, const Machine& machine) {
  Placement place = {.place = Place::processor, .memory_bytes = need.total_bytes()};
  place.fits = place.memory_bytes <= machine.memory_bytes;
  place.decode.read_s = static_cast<double>(need.total_read_bytes()) / kProcessorBytesPerSecond;
  place.experts_in_memory = bytes_of(need.part_bytes, Part::routed) > 0 ? 1 : 0;
  return place;
}

Placement on_gpu(const ModelParts& model, const RankNeed& need, const Gpu& gpu, int n_prompt) {
  Placement place = {.place = Place::gpu, .gpu_bytes = need.total_bytes()};
  place.fits = place.gpu_bytes <= usable_bytes(gpu);
  place.decode.read_s = static_cast<double>(need.total_read_bytes()) / gpu.bytes_per_s;
  place.decode.sync_s = sync_seconds(model.n_layers);
  place.prompt_s = prompt_seconds(gpu, need, n_prompt);
  place.layers_on_gpu = static_cast<int>(model.layers.size());
  return place;
}

}  // namespace

std::vector<Placement> plan_machine(const ModelParts& model, const Machine& machine,
                                    int context_tokens) {
  const int n_layers = static_cast<int>(model.layers.size());
  const RankNeed need = need_of_rank(model, {0, n_layers, 1, context_tokens});
  std::vector<Placement> places = {on_processor(need, machine)};
  if (!machine.gpu) return places;
  places.push_back(on_gpu(model, need, *machine.gpu, prompt_tokens(context_tokens)));
  if (!places.back().fits) places.push_back(Dealer(model, machine, context_tokens).run());
  return places;
}

}  // namespace fathom::engine
