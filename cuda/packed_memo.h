// What was packed last (packed_rows.h), for the products that read it: several weights meet one x,
// and operations that make an x pack it in passing.
//
// Threads: the engine thread.
//
// Invariant: whatever is asked of the queue makes it forget, except within a Keep.

#pragma once

#include "cuda/device_buffer.h"
#include "cuda/packed_rows.h"

namespace fathom::cuda {

/// All heads of a row as one, if they lie side by side and each is whole pieces of a packed row:
/// what packs heads then packs the row. Without data if not.
engine::Heads side_by_side(engine::Heads x);

class PackedMemo final {
 public:
  explicit PackedMemo(Queue& queue) : queue_(queue) {}

  // Within a Keep.

  /// x packed: as it was, or now.
  PackedRows get(engine::Heads x);
  /// Room for y, which the next launch packs; what get() returned last stays for that launch.
  PackedRows make(engine::Heads y);

  /// The next step packs into the same memory as this one did, in the same order: see
  /// host_arrays.h.
  void end_step() {
    of_ = {};
    next_ = 0;
  }

  /// While it lives, only what writes() is told of is written.
  class Keep final {
   public:
    explicit Keep(PackedMemo& memo) : memo_(memo) {
      if (!memo_.is_current()) memo_.of_ = {};
    }
    ~Keep() { memo_.note_current(); }
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;

    void writes(engine::Heads y) const;

   private:
    PackedMemo& memo_;
  };

 private:
  bool is_current() const { return n_asked_ == queue_.n_asked(); }
  void note_current() { n_asked_ = queue_.n_asked(); }

  Queue& queue_;
  DeviceScratch memory_[2];  // the last and the one before, in turns
  int next_ = 0;
  engine::Heads of_;  // without data: nothing
  PackedRows packed_;
  int64_t n_asked_ = 0;
};

}  // namespace fathom::cuda
