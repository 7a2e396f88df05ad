// The emulation notices what would be wrong on a device.

#include "tests/cuda_emulation/emulator.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/queue.h"
#include "tests/cuda_emulation/device_memory.h"
#include "tests/cuda_emulation/faulty_kernels.h"

namespace fathom::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  std::string error;
  std::vector<float> data;
};

/// Runs a kernel on the numbers 0 to 63.
Outcome run(const std::string& kernel,
            LaunchShape shape = {.blocks = dim3(2), .threads = dim3(64), .shared_bytes = 256}) {
  Outcome outcome;
  outcome.data.resize(64);
  std::iota(outcome.data.begin(), outcome.data.end(), 0.0f);
  auto* data = static_cast<float*>(emulation::allocate_device(256));
  std::copy(outcome.data.begin(), outcome.data.end(), data);
  Queue queue;
  queue.launch(shape, test::kernels().at(kernel), data);
  queue.wait();
  outcome.error = emulation::take_kernel_error();
  outcome.data.assign(data, data + 64);
  emulation::free_device(data);
  return outcome;
}

constexpr LaunchShape kOneBlock = {.blocks = dim3(1), .threads = dim3(64), .shared_bytes = 256};

TEST(Emulator, RunsWhatIsRight) {
  const Outcome outcome = run("reverse", kOneBlock);
  EXPECT_THAT(outcome.error, IsEmpty());
  for (int i = 0; i < 64; ++i) EXPECT_EQ(outcome.data[i], 63.0f - static_cast<float>(i));
}

TEST(Emulator, FindsRacesBetweenWarpsAndBlocks) {
  EXPECT_THAT(run("forgets_barrier", kOneBlock).error, HasSubstr("nothing orders them"));
  EXPECT_THAT(run("blocks_share_a_number").error, HasSubstr("nothing orders them"));
  EXPECT_THAT(run("reverse").error, HasSubstr("nothing orders them"));  // two blocks, one array
  EXPECT_THAT(run("blocks_share_a_number", kOneBlock).error, IsEmpty());
}

TEST(Emulator, FindsThreadsThatDoNotMeet) {
  EXPECT_THAT(run("divergent_barrier", kOneBlock).error,
              AllOf(HasSubstr("wait at __syncthreads() (line "), HasSubstr("; others wait at")));
  EXPECT_THAT(run("leaves_before_barrier", kOneBlock).error, HasSubstr("left the kernel"));
  EXPECT_THAT(run("leaves_before_shuffle", kOneBlock).error,
              AllOf(HasSubstr("__shfl_xor_sync()"), HasSubstr("left the kernel")));
}

TEST(Emulator, FindsAccessesOutsideOfMemory) {
  EXPECT_THAT(run("reads_behind_its_memory", kOneBlock).error,
              AllOf(HasSubstr("thread (63, 0, 0)"), HasSubstr("reads 4 bytes"),
                    HasSubstr("has no memory")));
  EXPECT_THAT(run("writes_behind_shared_memory", kOneBlock).error,
              AllOf(HasSubstr("writes 4 bytes"), HasSubstr("has no memory")));
}

TEST(Emulator, LeavesNotANumberWhereNothingWasWritten) {
  EXPECT_TRUE(std::isnan(run("reads_what_was_not_written", kOneBlock).data[7]));
  EXPECT_TRUE(std::isnan(run("copies_without_waiting", kOneBlock).data[7]));
}

TEST(Emulator, CopiesPinnedMemoryNoSoonerThanSomebodyWaits) {
  int* pinned = nullptr;
  ASSERT_EQ(cudaMallocHost(reinterpret_cast<void**>(&pinned), sizeof(int)), cudaSuccess);
  int pageable = 1;
  auto* data = static_cast<int*>(emulation::allocate_device(3 * sizeof(int)));
  Queue queue;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  const auto copy = [&](int* to, const int* from) {
    return cudaMemcpyAsync(to, from, sizeof(int), cudaMemcpyHostToDevice, queue.stream());
  };
  EXPECT_EQ(copy(data, &pageable), cudaSuccess);
  pageable = 2;
  *pinned = 3;
  EXPECT_EQ(copy(data + 1, pinned), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(event, queue.stream()), cudaSuccess);
  EXPECT_EQ(copy(data + 2, pinned), cudaSuccess);
  *pinned = 4;  // too early for both
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  *pinned = 5;  // too early for the second
  queue.wait();
  EXPECT_THAT(std::vector<int>(data, data + 3), testing::ElementsAre(1, 4, 5));
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  emulation::free_device(data);
}

/// The layout of ldmatrix in the PTX ISA: thread t of row g has columns 2t and 2t + 1.
TEST(Emulator, LoadsMatricesAsTheirFragmentsLie) {
  const LaunchShape one_warp = {.blocks = dim3(1), .threads = dim3(32), .shared_bytes = 256};
  const Outcome outcome = run("loads_matrices", one_warp);
  EXPECT_THAT(outcome.error, IsEmpty());
  const auto number = [](int matrix, int row, int column) {
    const int index = 64 * matrix + 8 * row + column;
    return std::bit_cast<uint32_t>(static_cast<float>(index / 2)) >> 16 * (index % 2) & 0xffffu;
  };
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4, matrix = lane % 2;
    EXPECT_EQ(std::bit_cast<uint32_t>(outcome.data[lane]),
              number(matrix, g, 2 * t) | number(matrix, g, 2 * t + 1) << 16);
    EXPECT_EQ(std::bit_cast<uint32_t>(outcome.data[32 + lane]),
              number(matrix, 2 * t, g) | number(matrix, 2 * t + 1, g) << 16);
  }
  EXPECT_THAT(run("loads_a_matrix_askew", one_warp).error, HasSubstr("no multiple of 16"));
}

TEST(Emulator, RefusesWhatNoDeviceRuns) {
  const auto error_of = [](LaunchShape shape) { return run("reverse", shape).error; };
  EXPECT_THAT(error_of({dim3(1), dim3(33), 256}), HasSubstr("33 threads"));
  EXPECT_THAT(error_of({dim3(1), dim3(2048), 256}), HasSubstr("2048 threads"));
  EXPECT_THAT(error_of({dim3(1, 70000), dim3(64), 256}), HasSubstr("70000"));
  EXPECT_THAT(error_of({dim3(0), dim3(64), 256}), HasSubstr("a grid of 0"));
  EXPECT_THAT(error_of({dim3(1), dim3(64), 200 << 10}), HasSubstr("bytes of shared memory"));
}

}  // namespace
}  // namespace fathom::cuda
