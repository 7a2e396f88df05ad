#include "engine/split/split_plan.h"

#include <algorithm>

namespace fathom::engine {

Result<SplitPlan> SplitPlan::fit(const SplitMemory& memory) {
  if (memory.device < memory.others) {
    return fail(ErrorCode::out_of_memory,
                "the device has {} MiB of memory; the model needs {} MiB there, even with all "
                "experts elsewhere",
                memory.device >> 20, memory.others >> 20);
  }
  const uint64_t left = memory.device - memory.others;
  if (left >= memory.experts) return SplitPlan(1.0);
  return SplitPlan(static_cast<double>(left) / static_cast<double>(memory.experts));
}

int SplitPlan::next(int n_experts, uint64_t n_bytes) {
  asked_bytes_ += n_bytes;
  const double allowed = share_ * static_cast<double>(asked_bytes_);
  const double expert_bytes = static_cast<double>(n_bytes) / n_experts;
  // Half a byte: whole shares must not become less by rounding.
  const double n = (allowed - static_cast<double>(given_bytes_) + 0.5) / expert_bytes;
  const int n_given = static_cast<int>(std::clamp(n, 0.0, static_cast<double>(n_experts)));
  given_bytes_ += n_bytes / n_experts * n_given;
  return n_given;
}

}  // namespace fathom::engine
