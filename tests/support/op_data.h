// Inputs for tests and benchmarks of backend operations: random tensors, random weights of every
// type, and a comparison that says where it hurts.

#pragma once

#include <cmath>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"

namespace fathom::engine::test {

/// The variants of the CPU backend that this machine can run, e.g. {"avx512-vnni", "avx2"}.
std::vector<std::string> cpu_variants_here();

/// Never fails: asks only for what is there.
std::unique_ptr<Backend> cpu_backend(const std::string& variant, int n_threads);

/// A tensor in memory of its own, with a gap between rows that nobody may write to.
class OwnedTensor final {
 public:
  OwnedTensor(int rows, int cols, int gap = 3);

  /// Standard normal numbers.
  static OwnedTensor random(int rows, int cols, uint32_t seed);

  operator Tensor() { return view(); }
  operator CacheRows() { return view(); }
  Tensor view();
  /// The numbers without the gaps.
  std::vector<float> numbers() const;
  bool gaps_are_untouched() const;

 private:
  int rows_, cols_;
  int64_t stride_;
  std::vector<float> storage_;
};

/// Valid blocks of random numbers, such that random inputs of size 1 give outputs of about that
/// size, whatever the type.
WeightData random_weight(DType dtype, int count, int rows, int cols, uint32_t seed);

/// One matrix of a stack.
WeightData matrix_of(WeightData stack, int matrix);

/// Uploads, and fails the test if that does not work.
std::unique_ptr<Weight> upload(Backend& backend, const WeightData& data);

/// |actual - expected| <= relative * |expected| + absolute * rms(expected).
struct Tolerance {
  double relative = 0.0;
  double absolute = 0.0;
};

/// Compares element by element, and which elements are finite. `cols` is only for the message.
void expect_close(std::span<const float> actual, std::span<const float> expected, int cols,
                  Tolerance tolerance, const std::string& what);

/// Compares bits.
void expect_same_bits(std::span<const float> actual, std::span<const float> expected, int cols,
                      const std::string& what);

/// x as the integer kernels see it: 8 bits and one scale for 32 neighbours of a row.
OwnedTensor rounded_to_8_bits(Tensor x);

}  // namespace fathom::engine::test
