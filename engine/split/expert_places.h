// Where each routed expert of a layer is, on the device or on the host and at which place of the
// stack there, and how often it was used lately.
//
// Threads: those of its owner.
//
// Invariant: every expert is in one place, and every place has one expert.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fathom::engine {

class ExpertPlaces final {
 public:
  static constexpr int32_t kNot = -1;

  ExpertPlaces() = default;
  /// The first `n_on_device` are there.
  ExpertPlaces(int n_experts, int n_on_device);

  int n_on_device() const { return n_on_device_; }
  int n_on_host() const { return static_cast<int>(places_.size()) - n_on_device_; }
  /// Place in the stack there, or kNot.
  int32_t on_device(int expert) const {
    return places_[expert] < n_on_device_ ? places_[expert] : kNot;
  }
  int32_t on_host(int expert) const {
    return places_[expert] < n_on_device_ ? kNot : places_[expert] - n_on_device_;
  }

  /// A step uses these experts, each perhaps for many rows; kNot is none. Returns how many
  /// different ones of them are on the host.
  int note_step(std::span<const int32_t> experts);

  /// What would have saved the host the most uses lately.
  struct Swap {
    int to_device = 0, to_host = 0;  // experts
    int n_saved_uses = 0;            // 0: nothing would
  };
  Swap best_swap() const;
  void swap(const Swap& swap);

 private:
  struct Uses {
    int n = 0;
    int64_t last_step = 0;
  };

  int n_on_device_ = 0;
  std::vector<int32_t> places_;  // of each expert; those of the device first, then the host's
  std::vector<Uses> uses_;
  int64_t n_steps_ = 0;
};

}  // namespace fathom::engine
