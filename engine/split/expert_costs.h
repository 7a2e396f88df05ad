// Whether it pays to swap an expert in the host's memory with one in the device's: what both cost
// here is measured.
//
// An expert costs the host about the same whenever a step needs it, because its weights are read
// once, and reading them is what takes the time. The device computes its share meanwhile and is
// done first: its experts cost nothing that anybody waits for.
//
// Threads: those of its owner.

#pragma once

namespace fathom::engine {

class ExpertCosts final {
 public:
  /// The host has computed the rows of `n_experts` experts, at least one, in so many seconds.
  void note_uses(int n_experts, double seconds);
  /// A swap took so many.
  void note_swap(double seconds);

  /// Expected of a swap; 0 as long as there was none.
  double swap_seconds() const { return swap_seconds_; }
  /// Whether one that saves the host so many uses saves more time than it takes.
  bool swap_pays(double n_uses) const { return n_uses * use_seconds_ > swap_seconds_; }

 private:
  double use_seconds_ = 0, swap_seconds_ = 0;
};

}  // namespace fathom::engine
