#include "engine/split/split_layer.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "engine/base/file_pages.h"
#include "engine/split/split_weight.h"

namespace fathom::engine {
namespace {

/// Matrices [first, first + n) of a stack.
WeightData matrices_of(const WeightData& stack, int first, int n) {
  const size_t size = stack.bytes.size() / stack.count;
  const size_t n_scales = stack.scales.values.size() / stack.count;
  WeightData part = stack;
  part.count = n;
  part.bytes = stack.bytes.subspan(first * size, n * size);
  part.scales.values = stack.scales.values.subspan(first * n_scales, n * n_scales);
  return part;
}

}  // namespace

void SplitLayer::add(WeightData stack) {
  FATHOM_ASSERT(!is_complete() && (sources_.empty() || stack.count == n_experts()));
  sources_.push_back(std::move(stack));
}

uint64_t SplitLayer::size_bytes() const {
  uint64_t n_bytes = 0;
  for (const WeightData& stack : sources_) n_bytes += stack.bytes.size();
  return n_bytes;
}

Status SplitLayer::upload(Stacks& to, Backend& backend, int first, int n) const {
  Stacks stacks;
  for (int i = 0; i < kStacks; ++i) {
    FATHOM_TRY(weight, backend.upload(matrices_of(sources_[i], first, n)));
    stacks[i] = std::move(weight);
  }
  to = std::move(stacks);
  return {};
}

Status SplitLayer::place(Backend& device, Backend& host, int n_on_device) {
  for (; n_on_device > 0; n_on_device /= 2) {
    const Status uploaded = upload(device_, device, 0, n_on_device);
    if (uploaded) break;
    if (uploaded.error().code != ErrorCode::out_of_memory) return uploaded;
  }
  places_ = ExpertPlaces(n_experts(), n_on_device);
  if (places_.n_on_host() > 0) FATHOM_CHECK(upload(host_, host, n_on_device, places_.n_on_host()));

  const bool in_files =
      std::ranges::all_of(sources_, [](const WeightData& stack) { return stack.file != nullptr; });
  if (!in_files || places_.n_on_device() == 0 || places_.n_on_host() == 0) sources_.clear();
  return {};
}

GatedFfnWeights SplitLayer::part(const Stacks& stacks, const GatedFfnWeights& all) {
  const auto stack_of = [&](const Weight* weight) {
    return stacks[static_cast<const SplitWeight&>(*weight).stack()].get();
  };
  return {.gate = stack_of(all.gate),
          .up = stack_of(all.up),
          .down = stack_of(all.down),
          .limit = all.limit};
}

bool SplitLayer::can_swap(const Backend& device, const Backend& host) const {
  if (sources_.empty()) return false;
  const auto can_replace_in = [](const Backend& backend) {
    return [&](const auto& stack) { return backend.can_replace(*stack); };
  };
  return std::ranges::all_of(device_, can_replace_in(device)) &&
         std::ranges::all_of(host_, can_replace_in(host));
}

bool SplitLayer::swap(Backend& device, Backend& host, const ExpertPlaces::Swap& swap) {
  // Both are read before either is replaced: a changed file must not become half an expert.
  const Matrices to_device = read(swap.to_device), to_host = read(swap.to_host);
  const bool intact = std::ranges::all_of(
      sources_, [](const WeightData& stack) { return stack.file->is_intact(); });
  if (!intact) {
    sources_.clear();
    return false;
  }
  replace(device_, device, places_.on_device(swap.to_host), swap.to_device, to_device);
  replace(host_, host, places_.on_host(swap.to_device), swap.to_host, to_host);
  places_.swap(swap);
  return true;
}

SplitLayer::Matrices SplitLayer::read(int expert) const {
  Matrices matrices;
  for (int i = 0; i < kStacks; ++i) {
    const std::span<const std::byte> bytes = matrices_of(sources_[i], expert, 1).bytes;
    matrices[i].assign(bytes.begin(), bytes.end());
    release_file_pages(sources_[i].file->bytes(), bytes);
  }
  return matrices;
}

void SplitLayer::replace(Stacks& in, Backend& backend, int place, int expert,
                         const Matrices& matrices) const {
  for (int i = 0; i < kStacks; ++i) {
    WeightData data = matrices_of(sources_[i], expert, 1);
    data.bytes = matrices[i];
    backend.replace(*in[i], place, data);
  }
}

}  // namespace fathom::engine
