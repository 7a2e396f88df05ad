// The routed experts of one layer: some in a device's memory, the others in the host's.
//
// Threads: engine thread only.
//
// Invariant: every expert is in one of the two, all of its matrices.

#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/split/expert_places.h"

namespace fathom::engine {

class SplitLayer final {
 public:
  /// Gate, up and down, in the order in which they are uploaded.
  static constexpr int kStacks = 3;

  /// Takes the next stack over, as it is in the file.
  void add(WeightData stack);
  int n_stacks() const { return static_cast<int>(sources_.size()); }
  bool is_complete() const { return n_stacks() == kStacks; }
  int n_experts() const { return sources_.front().count; }
  /// Of all stacks together.
  uint64_t size_bytes() const;

  /// Once, when it is complete: uploads the first `n_on_device` experts to the device, or fewer if
  /// its memory is out, and the others to the host. Errors: those of upload().
  Status place(Backend& device, Backend& host, int n_on_device);

  ExpertPlaces& places() { return places_; }
  /// The parts of this layer's weights `all`. The experts are called by their places there.
  GatedFfnWeights on_device(const GatedFfnWeights& all) const { return part(device_, all); }
  GatedFfnWeights on_host(const GatedFfnWeights& all) const { return part(host_, all); }

  /// Not before all weights are packed, and never if the layer is not split or its experts are not
  /// in a file: to keep what is nowhere else, too, would take twice the memory.
  bool can_swap(const Backend& device, const Backend& host) const;
  /// False if the file was changed: then all stays as it is, for good. Only if can_swap().
  bool swap(Backend& device, Backend& host, const ExpertPlaces::Swap& swap);

 private:
  using Stacks = std::array<std::unique_ptr<Weight>, kStacks>;
  using Matrices = std::array<std::vector<std::byte>, kStacks>;  // of one expert

  Status upload(Stacks& to, Backend& backend, int first, int n) const;
  Matrices read(int expert) const;
  void replace(Stacks& in, Backend& backend, int place, int expert, const Matrices& matrices) const;
  static GatedFfnWeights part(const Stacks& stacks, const GatedFfnWeights& all);

  std::vector<WeightData> sources_;  // empty if there is nothing to swap
  Stacks device_, host_;             // null if there are no experts
  ExpertPlaces places_;
};

}  // namespace fathom::engine
