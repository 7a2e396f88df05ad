#include "tests/cuda/on_device.h"

#include <numeric>
#include <random>

#include "engine/quant/half.h"
#ifdef FATHOM_CUDA_EMULATION
#include "tests/cuda_emulation/access_checks.h"
#endif

namespace fathom::engine::test {
namespace {

constexpr int kGap = 3;
constexpr float kUntouched = -12345.5f;

}  // namespace

// Backends have no operation that takes activations from the host: rows of a table do it.
DeviceTensor::DeviceTensor(Backend& backend, int rows, int cols, std::span<const float> numbers)
    : backend_(backend), cols_(cols) {
  const int stride = cols + kGap;
  std::vector<float> table(size_t(rows) * stride, kUntouched);
  for (int row = 0; row < rows; ++row)
    std::copy_n(numbers.begin() + size_t(row) * cols, cols, table.begin() + size_t(row) * stride);
  const auto weight = upload(backend, {.name = "numbers",
                                       .dtype = DType::f32,
                                       .rows = rows,
                                       .cols = stride,
                                       .bytes = std::as_bytes(std::span<const float>(table))});
  memory_ = backend.allocate(table.size() * sizeof(float)).value();
  whole_ = {static_cast<float*>(memory_->data()), rows, stride, stride};
  std::vector<TokenId> ids(rows);
  std::iota(ids.begin(), ids.end(), 0);
  backend.embed(whole_, ids, *weight);
  EXPECT_TRUE(backend.sync().has_value());
}

std::vector<float> DeviceTensor::numbers() const {
  std::vector<float> numbers(size_t(whole_.rows) * cols_);
  const Status done = backend_.download(numbers, view());
  EXPECT_TRUE(done.has_value()) << done.error().message;
  return numbers;
}

bool DeviceTensor::gaps_are_untouched() const {
  std::vector<float> gaps(size_t(whole_.rows) * kGap);
  EXPECT_TRUE(backend_.download(gaps, whole_.columns(cols_, kGap)).has_value());
  return std::all_of(gaps.begin(), gaps.end(), [](float x) { return x == kUntouched; });
}

std::vector<float> random_numbers(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(n);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

std::vector<float> rounded_to_bf16(std::vector<float> numbers) {
  for (float& x : numbers) x = bf16_to_f32(f32_to_bf16(x));
  return numbers;
}

std::vector<int32_t> download_ints(Backend& backend, const int32_t* data, int rows, int cols) {
  std::vector<float> bits(size_t(rows) * cols);
  auto* address = reinterpret_cast<float*>(const_cast<int32_t*>(data));
  EXPECT_TRUE(backend.download(bits, {address, rows, cols, cols}).has_value());
  std::vector<int32_t> ints;
  for (const float x : bits) ints.push_back(std::bit_cast<int32_t>(x));
  return ints;
}

#ifdef FATHOM_CUDA_EMULATION
void leave_accesses_unchecked() { cuda::emulation::set_access_checks(false); }
#else
void leave_accesses_unchecked() {}
#endif

void OnDevice::SetUp() {
  const cuda::Devices devices = cuda::find_devices();
  if (devices.usable.empty()) GTEST_SKIP() << devices.remark;
  auto made = cuda::make_cuda_backend();
  ASSERT_TRUE(made) << made.error().message;
  device_ = std::move(*made);
}

}  // namespace fathom::engine::test
