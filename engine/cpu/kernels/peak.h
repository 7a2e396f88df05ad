// As many integer products as the instruction set makes: the roof under which prefill lives.

#pragma once

#include "engine/cpu/kernels/kernels.h"
#include "engine/cpu/kernels/simd.h"

namespace fathom::engine::cpu::FATHOM_ISA {

/// Products of numbers in registers, in as many sums as hide their latency. Returns how many there
/// were; `sink` keeps them from being left out.
inline int64_t multiply(int64_t n_rounds, int32_t* sink) {
  constexpr int kSums = 8;
  constexpr int64_t kProducts = int64_t{kSums} * 16 * kLanes;  // dot(): 4 groups of 4 numbers
  int8_t q[16];
  for (int i = 0; i < 16; ++i) q[i] = static_cast<int8_t>(*sink);
  const I32 w[4] = {broadcast_i32(1), broadcast_i32(2), broadcast_i32(3), broadcast_i32(4)};
  I32 sums[kSums];
  for (I32& sum : sums) sum = broadcast_i32(0);
  for (int64_t round = 0; round < n_rounds; ++round) {
    for (I32& sum : sums) {
      asm volatile("" : : "r"(q) : "memory");  // q may have changed: no product is known already
      sum = dot<5>(sum, w, q);
    }
  }
  for (int i = 1; i < kSums; ++i) sums[0] = add_i32(sums[0], sums[i]);
  __builtin_memcpy(sink, &sums[0], sizeof *sink);
  return n_rounds * kProducts;
}

}  // namespace fathom::engine::cpu::FATHOM_ISA
