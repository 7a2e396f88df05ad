// What the GPU backend does when something is not there.

#include "cuda/device_backend.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"

#ifdef FATHOM_CUDA_EMULATION
#include "tests/cuda_emulation/device_memory.h"
#include "tests/cuda_emulation/runtime_api.h"
#endif

namespace fathom::engine::test {
namespace {

using testing::HasSubstr;

class DeviceBackendTest : public OnDevice {
 protected:
  const cuda::Queue::Counts& launches() {
    return static_cast<cuda::DeviceBackend&>(device()).launches();
  }
};

TEST_F(DeviceBackendTest, SaysWhatItRunsOn) {
  EXPECT_EQ(device().name(), "cuda");
  EXPECT_EQ(device().description(), cuda::find_devices().usable.front().name);
}

TEST_F(DeviceBackendTest, MeasuresABandwidthThatADeviceCanHave) {
  const double bandwidth = cuda::measure_copy_bandwidth();
  EXPECT_GT(bandwidth, 1e8);
  EXPECT_LT(bandwidth, 1e14);
}

TEST_F(DeviceBackendTest, ClearsMemoryAndRefusesWhatThereIsNoRoomFor) {
  const auto buffer = device().allocate(1000);
  ASSERT_TRUE(buffer.has_value());
  std::vector<float> numbers(250, 1.0f);
  ASSERT_TRUE(device().download(numbers, {static_cast<float*>((*buffer)->data()), 1, 250, 250}));
  EXPECT_THAT(numbers, testing::Each(0.0f));

  const auto refused = device().allocate(size_t{1} << 50);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(refused.error().message, HasSubstr("--backend cpu"));
  EXPECT_TRUE(device().allocate(1000).has_value());  // nothing has broken
}

TEST_F(DeviceBackendTest, TakesWhatIsWrittenBitForBitAtOnce) {
  std::vector<float> numbers(15);
  for (int i = 0; i < 15; ++i) numbers[i] = std::bit_cast<float>(int32_t{i} - 3);
  const std::vector<float> expected = numbers;
  const DeviceTensor x(device(), 3, 5);
  device().write(x, numbers);
  numbers.assign(15, 0.0f);  // is the caller's again
  expect_same_bits(x.numbers(), expected, 5, "written");
  EXPECT_TRUE(x.gaps_are_untouched());
}

TEST_F(DeviceBackendTest, AStepThatRepeatsIsLaunchedAsGraphsWithTheNumbersOfItsOwnArrays) {
  constexpr int kRows = 3, kCols = 64;
  const WeightData embedding = random_weight(DType::f32, 1, 50, kCols, 1);
  const auto table = upload(device(), embedding), reference_table = upload(reference(), embedding);
  const DeviceTensor x(device(), kRows, kCols), sums(device(), kRows, kCols);
  // More launches than one list has, and arrays that change from step to step.
  const auto run = [&](Backend& backend, Tensor in, Tensor out, const Weight& weight, int step) {
    const std::vector<int32_t> ids = {step, step + 7, 3 * step}, rows = {2, 0, step % 3};
    backend.embed(in, ids, weight);
    for (int i = 0; i < 30; ++i) {
      backend.gather_rows(out, in, rows);
      backend.add(in, in, out);
    }
    std::vector<float> numbers(kRows * kCols);
    EXPECT_TRUE(backend.download(numbers, in));
    return numbers;
  };
  std::vector<float> memory(2 * kRows * kCols);
  const Tensor expected_x = {memory.data(), kRows, kCols, kCols};
  const Tensor expected_sums = {memory.data() + kRows * kCols, kRows, kCols, kCols};
  for (int step = 0; step < 6; ++step) {
    const int64_t before = launches().in_graphs;
    EXPECT_EQ(run(device(), x, sums, *table, step),
              run(reference(), expected_x, expected_sums, *reference_table, step));
    EXPECT_EQ(launches().in_graphs - before, step == 0 ? 0 : 61) << "step " << step;
  }
}

TEST_F(DeviceBackendTest, AStackWhoseMatricesWereReplacedIsTheOneThatTheyAreFrom) {
  constexpr int kCount = 3, kRows = 40, kCols = 256;
  const DeviceTensor x(device(), 2, kCount * kCols, random_numbers(2 * kCount * kCols, 3));
  for (const DType dtype : kAllDTypes) {
    const auto replaced = upload(device(), random_weight(dtype, kCount, kRows, kCols, 1));
    const WeightData after = random_weight(dtype, kCount, kRows, kCols, 2);
    ASSERT_TRUE(device().can_replace(*replaced));
    for (const int matrix : {1, 2, 0})
      device().replace(*replaced, matrix, matrix_of(after, matrix));
    const auto run = [&](const Weight& w) {
      const DeviceTensor y(device(), 2, kCount * kRows);
      device().matmul_heads(y.view().heads(kCount), x.view().heads(kCount), w);
      return y.numbers();
    };
    expect_same_bits(run(*replaced), run(*upload(device(), after)), kRows,
                     std::string(info(dtype).name));
  }
}

TEST_F(DeviceBackendTest, RejectsBytesThatDoNotMatchTheShape) {
  WeightData data = random_weight(DType::q8_0, 2, 3, 64, 1);
  data.bytes = data.bytes.first(data.bytes.size() - 1);
  EXPECT_EQ(device().upload(data).error().code, ErrorCode::corrupt);
}

TEST_F(DeviceBackendTest, CopiesArraysOfTheHostOnceAStepAndKeepsThemApart) {
  const DeviceTensor x(device(), 4, 2, std::vector<float>{0, 1, 10, 11, 20, 21, 30, 31});
  const DeviceTensor out(device(), 2, 2);
  for (int step = 0; step < 5; ++step) {
    std::vector<int32_t> rows = {step % 4, 3};
    device().gather_rows(out, x, rows);
    rows = {9, 9};  // is the caller's again
    EXPECT_EQ(out.numbers()[0], 10.0f * static_cast<float>(step % 4));
  }
}

#ifdef FATHOM_CUDA_EMULATION

TEST_F(DeviceBackendTest, IsLostForGoodWhenAKernelFails) {
  const DeviceTensor x(device(), 1, 4), y(device(), 1, 4);
  device().add({y.view().data + (1 << 20), 1, 4, 4}, x, x);  // where there is no memory
  const Status status = device().sync();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::device_lost);
  EXPECT_THAT(status.error().message, HasSubstr("has no memory"));
  device().add(y, x, x);
  EXPECT_EQ(device().sync().error().code, ErrorCode::device_lost);
  EXPECT_FALSE(cuda::make_cuda_backend());
  give_up_device();
  EXPECT_TRUE(cuda::make_cuda_backend());
}

TEST_F(DeviceBackendTest, SaysThatAModelHasNoRoom) {
  const size_t limit = cuda::emulation::device_memory_limit();
  cuda::emulation::set_device_memory_limit(cuda::emulation::device_memory_used() + 10000);
  const auto weight = device().upload(random_weight(DType::bf16, 1, 300, 300, 1));
  cuda::emulation::set_device_memory_limit(limit);
  ASSERT_FALSE(weight.has_value());
  EXPECT_EQ(weight.error().code, ErrorCode::out_of_memory);
}

#endif

}  // namespace
}  // namespace fathom::engine::test
