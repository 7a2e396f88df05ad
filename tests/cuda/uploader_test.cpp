#include "cuda/uploader.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tests/cuda/on_device.h"

namespace fathom::engine::test {
namespace {

using cuda::Uploader;

std::vector<std::byte> random_bytes(size_t n) {
  std::mt19937 random(static_cast<uint32_t>(n));
  std::vector<std::byte> bytes(n);
  for (std::byte& x : bytes) x = static_cast<std::byte>(random());
  return bytes;
}

class UploaderTest : public OnDevice {
 protected:
  std::vector<std::byte> on_host(const std::byte* data, size_t n) {
    std::vector<std::byte> bytes(n);
    queue_.note(cudaMemcpyAsync(bytes.data(), data, n, cudaMemcpyDeviceToHost, queue_.stream()));
    queue_.wait();
    EXPECT_EQ(queue_.error(), cudaSuccess);
    return bytes;
  }

  cuda::Queue queue_;
};

TEST_F(UploaderTest, SendsMoreThanItsBuffersHoldWhileTheHostGoesOn) {
  constexpr size_t kSizes[] = {1, 1000, Uploader::kPieceBytes, 6 * Uploader::kPieceBytes + 3, 77};
  Uploader uploader(queue_);
  std::vector<std::vector<std::byte>> sent;
  std::vector<cuda::DeviceBuffer> received;
  for (const size_t n : kSizes) {
    sent.push_back(random_bytes(n));
    received.push_back(std::move(*cuda::DeviceBuffer::allocate(n)));
  }
  for (size_t i = 0; i < sent.size(); ++i) {
    std::vector<std::byte> callers = sent[i];
    uploader.send(received[i].data(), callers);
    std::ranges::fill(callers, std::byte{0});  // is the caller's again
  }
  for (size_t i = 0; i < sent.size(); ++i)
    EXPECT_TRUE(on_host(received[i].data(), sent[i].size()) == sent[i]) << sent[i].size();
}

TEST_F(UploaderTest, WhatIsStagedStaysUntilTheDeviceHasUsedIt) {
  constexpr size_t kBytes = 5000;
  Uploader uploader(queue_);
  auto used = std::move(*cuda::DeviceBuffer::allocate(8 * kBytes));
  std::vector<std::byte> all;
  for (int i = 0; i < 8; ++i) {
    std::vector<std::byte> bytes = random_bytes(kBytes + i);
    bytes.resize(kBytes);
    all.insert(all.end(), bytes.begin(), bytes.end());
    queue_.note(cudaMemcpyAsync(used.data() + i * kBytes, uploader.stage(bytes), kBytes,
                                cudaMemcpyDeviceToDevice, queue_.stream()));
  }
  EXPECT_TRUE(on_host(used.data(), all.size()) == all);
}

TEST_F(UploaderTest, AWeightOfManyPiecesHasEachRowInItsPlace) {
  leave_accesses_unchecked();
  constexpr int kRows = 1500, kCols = 3000;  // 9 MB
  const WeightData data = random_weight(DType::bf16, 1, kRows, kCols, 1);
  const auto weight = upload(device(), data);
  const int last_of_first = static_cast<int>(Uploader::kPieceBytes / (2 * kCols)) - 1;
  const std::vector<TokenId> ids = {0, last_of_first, last_of_first + 1, kRows - 1};
  const DeviceTensor out(device(), 4, kCols);
  device().embed(out, ids, *weight);
  const std::vector<float> rows = out.numbers();
  const auto* bits = reinterpret_cast<const uint16_t*>(data.bytes.data());
  for (size_t i = 0; i < ids.size(); ++i)
    for (int c = 0; c < kCols; ++c)
      ASSERT_EQ(std::bit_cast<uint32_t>(rows[i * kCols + c]),
                uint32_t{bits[size_t(ids[i]) * kCols + c]} << 16)
          << "row " << ids[i] << ", column " << c;
}

}  // namespace
}  // namespace fathom::engine::test
