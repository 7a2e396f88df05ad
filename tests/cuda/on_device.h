// Tests of the GPU backend: on a device where the program is linked with CUDA, on the emulation
// (tests/cuda_emulation) otherwise. Memory of the backend is only reached through the backend.

#pragma once

#include <bit>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/cuda_backend.h"
#include "engine/reference/reference_backend.h"
#include "tests/support/op_data.h"

namespace fathom::engine::test {

/// Numbers in the memory of a backend, with a gap between rows that nobody may write to.
class DeviceTensor final {
 public:
  /// `numbers` [rows, cols].
  DeviceTensor(Backend& backend, int rows, int cols, std::span<const float> numbers);
  /// Zeros.
  DeviceTensor(Backend& backend, int rows, int cols)
      : DeviceTensor(backend, rows, cols, std::vector<float>(size_t(rows) * cols)) {}

  operator Tensor() const { return view(); }
  Tensor view() const { return whole_.columns(0, cols_); }
  std::vector<float> numbers() const;
  bool gaps_are_untouched() const;

 private:
  Backend& backend_;
  int cols_;
  Tensor whole_;
  std::unique_ptr<Buffer> memory_;
};

std::vector<float> random_numbers(size_t n, uint32_t seed);
/// Each rounded to bf16: as the GPU's matrix products see activations.
std::vector<float> rounded_to_bf16(std::vector<float> numbers);

/// int32 in the memory of a backend.
std::vector<int32_t> download_ints(Backend& backend, const int32_t* data, int rows, int cols);

/// For whole models, whose kernels are tested one by one: several times as fast on the emulation.
void leave_accesses_unchecked();

class OnDevice : public testing::Test {
 protected:
  void SetUp() override;
  Backend& device() { return *device_; }
  Backend& reference() { return reference_; }
  void give_up_device() { device_.reset(); }

  /// Runs `compute` on both; returns the device's numbers and the reference's.
  struct Results {
    std::vector<float> device, reference;
  };
  Results on_both(const std::function<std::vector<float>(Backend&)>& compute) {
    return {compute(device()), compute(reference())};
  }

 private:
  std::unique_ptr<Backend> device_;
  ReferenceBackend reference_{2};
};

}  // namespace fathom::engine::test
