// Ranks on emulated devices, joined by what tests/cuda_emulation has in the place of NCCL.

#include "cuda/nccl_communicator.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/shared_library.h"
#include "engine/parallel/pipeline_model.h"
#include "engine/quant/half.h"
#include "tests/cuda/on_device.h"
#include "tests/cuda_emulation/device_memory.h"
#include "tests/cuda_emulation/nccl_stand_in.h"
#include "tests/cuda_emulation/runtime_api.h"
#include "tests/engine/parallel/sharded_models.h"
#include "tests/support/golden.h"
#include "tests/support/golden_cases.h"

namespace fathom::engine {
namespace {

namespace emulation = cuda::emulation;
namespace fs = std::filesystem;
using test::DeviceTensor;
using ::testing::HasSubstr;

using Communicators = std::vector<std::unique_ptr<Communicator>>;

constexpr int64_t kAlwaysGather = int64_t{1} << 40;
constexpr int64_t kAlwaysInShares = -1;

template <class Function>
Function* stand_in(const char* name) {
  static const SharedLibrary library = SharedLibrary::load(FATHOM_NCCL_STAND_IN).value();
  return reinterpret_cast<Function*>(library.find(name));
}
int stand_in_count(const char* name) { return stand_in<StandInCount>(name)(); }
void fail_call(int n) { stand_in<StandInFailCall>(emulation::kStandInFailCall)(n); }

/// Backends on devices of their own.
class OnDevices : public ::testing::Test {
 protected:
  void SetUp() override { emulation::set_device_count(4); }
  void TearDown() override { emulation::set_device_count(1); }

  static Backends make_backends(int n) {
    Backends backends;
    for (const cuda::DeviceInfo& device : cuda::find_devices().usable)
      if (static_cast<int>(backends.size()) < n)
        backends.push_back(cuda::make_cuda_backend(device).value());
    return backends;
  }
  static Result<Communicators> join(const Backends& backends, int64_t dear_bytes = kAlwaysGather) {
    std::vector<Backend*> borrowed;
    for (const auto& backend : backends) borrowed.push_back(backend.get());
    return cuda::make_nccl_communicators(
        borrowed, {.library = FATHOM_NCCL_STAND_IN, .dear_bytes = dear_bytes});
  }
};

void on_all_ranks(int n_ranks, const std::function<void(int rank)>& run) {
  std::vector<std::jthread> ranks;
  for (int rank = 0; rank < n_ranks; ++rank) ranks.emplace_back([&run, rank] { run(rank); });
}

float rounded(float number) { return bf16_to_f32(f32_to_bf16(number)); }

class Sums : public OnDevices, public ::testing::WithParamInterface<int> {};

TEST_P(Sums, AreThoseOfRoundedPartsInOrderOnAllRanksGatheredOrInShares) {
  const int n_ranks = GetParam();
  const Backends backends = make_backends(n_ranks);
  for (const int64_t dear_bytes : {kAlwaysGather, kAlwaysInShares}) {
    const auto communicators = join(backends, dear_bytes);
    ASSERT_TRUE(communicators) << communicators.error().message;
    for (const auto& [rows, cols] : {std::pair{1, 64}, {2, 31}, {7, 300}}) {
      std::vector<std::unique_ptr<DeviceTensor>> parts;
      std::vector<float> expected(rows * cols, 0.0f);
      for (int rank = 0; rank < n_ranks; ++rank) {
        const auto numbers = test::random_numbers(expected.size(), 10 * rank + rows);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] += rounded(numbers[i]);
        parts.push_back(std::make_unique<DeviceTensor>(*backends[rank], rows, cols, numbers));
      }
      for (float& number : expected) number = rounded(number);
      on_all_ranks(n_ranks, [&](int rank) {
        (*communicators)[rank]->all_reduce_sum(*parts[rank]);
        EXPECT_TRUE(backends[rank]->sync());
      });
      for (int rank = 0; rank < n_ranks; ++rank) {
        ASSERT_TRUE((*communicators)[rank]->status());
        EXPECT_EQ(parts[rank]->numbers(), expected) << rows << " rows, rank " << rank;
        EXPECT_TRUE(parts[rank]->gaps_are_untouched());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Sums, ::testing::Values(2, 3, 4));

TEST_F(OnDevices, EachHasMemoryOfItsOwn) {
  emulation::set_device_memory_limit(size_t{1} << 30, 1);  // as a slice of a larger GPU
  const cuda::Devices devices = cuda::find_devices();
  ASSERT_EQ(devices.usable.size(), 4u);
  EXPECT_EQ(devices.usable[1].memory_bytes, size_t{1} << 30);
  EXPECT_GT(devices.usable[2].memory_bytes, size_t{1} << 30);
  const uint64_t before = cuda::free_memory_bytes(devices.usable[1]);
  const auto backend = cuda::make_cuda_backend(devices.usable[1]).value();
  const auto memory = backend->allocate(1000000).value();
  EXPECT_LE(cuda::free_memory_bytes(devices.usable[1]), before - 1000000);
  EXPECT_FALSE(backend->allocate(size_t{1} << 30));
  emulation::set_device_memory_limit(size_t{8} << 30, 1);
}

TEST_F(OnDevices, FewRowsAreGatheredAndManySharedOut) {
  const Backends backends = make_backends(4);
  const auto communicators = join(backends, /*dear_bytes=*/8 * 64 * 2 * 3 * 2 / 4);
  ASSERT_TRUE(communicators) << communicators.error().message;
  for (const auto& [rows, n_gathers, n_sends] : {std::tuple{8, 1, 0}, {9, 1, 16}}) {
    std::vector<std::unique_ptr<DeviceTensor>> parts;
    for (const auto& backend : backends)
      parts.push_back(std::make_unique<DeviceTensor>(*backend, rows, 64));
    const int gathers = stand_in_count(emulation::kStandInGathers);
    const int sends = stand_in_count(emulation::kStandInSends);
    on_all_ranks(4, [&](int rank) {
      (*communicators)[rank]->all_reduce_sum(*parts[rank]);
      EXPECT_TRUE(backends[rank]->sync());
    });
    EXPECT_EQ(stand_in_count(emulation::kStandInGathers) - gathers, n_gathers) << rows;
    EXPECT_EQ(stand_in_count(emulation::kStandInSends) - sends, n_sends) << rows;
  }
}

// Models.

/// The smallest of both families.
std::vector<GoldenCase> some_cases() {
  const fs::path root = "tests/data/golden";
  return {folder_case(root, "llama-deepseek-coder"), folder_case(root, "deepseek-v3")};
}

class GoldenOnDevices : public OnDevices, public ::testing::WithParamInterface<GoldenCase> {
 protected:
  void SetUp() override {
    OnDevices::SetUp();
    test::leave_accesses_unchecked();
    prompts_ = read_golden(GetParam().json, GetParam().safetensors);
  }
  ShardedModels open(int n_ranks, int64_t dear_bytes) {
    Backends backends = make_backends(n_ranks);
    auto communicators = join(backends, dear_bytes).value();
    return load_sharded(GetParam().path, std::move(backends), {.max_batch = 300},
                        std::move(communicators))
        .value();
  }
  static std::vector<float> run(ShardedModels& model, const GoldenPrompt& p, int chunk) {
    return ModelRunner(model.loaded, static_cast<int>(p.ids.size())).run(p.ids, p.positions, chunk);
  }

  std::vector<GoldenPrompt> prompts_;
};

TEST_P(GoldenOnDevices, LogitsAreNearAndHaveTheSameBitsHoweverTheyAreExchangedAndChunked) {
  ShardedModels gathers = open(2, kAlwaysGather), shares = open(2, kAlwaysInShares);
  const GoldenPrompt& p = prompts_[2];
  const std::vector<float> logits = run(gathers, p, 300);
  // As on one device, whose activations are rounded to bf16 before each product: sums that are
  // rounded likewise are no worse.
  EXPECT_LT(distance(logits, p.logits).mean, 3 * GetParam().rounded_tolerance);
  EXPECT_EQ(run(gathers, p, 7), logits);
  EXPECT_EQ(run(shares, p, 300), logits);
  EXPECT_EQ(run(shares, p, 7), logits);
}

// Without ShardedModel, as ranks in processes of their own would.
TEST_P(GoldenOnDevices, AllRanksComputeTheSameBits) {
  const GoldenPrompt& p = prompts_[1];
  Backends backends = make_backends(3);
  const auto communicators = join(backends).value();
  std::vector<std::vector<float>> logits(3);
  on_all_ranks(3, [&](int rank) {
    auto loaded = load(GetParam().path, std::move(backends[rank]),
                       {.max_batch = 300, .ranks = communicators[rank].get()});
    ASSERT_TRUE(loaded) << loaded.error().message;
    ModelRunner text(*loaded, static_cast<int>(p.ids.size()));
    logits[rank] = text.run(p.ids, p.positions, 300);
    backends[rank] = std::move(loaded->backend);
  });
  EXPECT_EQ(logits[1], logits[0]);
  EXPECT_EQ(logits[2], logits[0]);
}

class Never final : public Interrupt {
  bool requested() const override { return false; }
};

/// A step goes well, and after `lose` another one fails.
void expect_lost(ShardedModels& model, const GoldenPrompt& p, const std::function<void()>& lose,
                 const std::string& message) {
  KvMemory cache = KvMemory::allocate(*model.loaded.model, *model.loaded.backend, 2).value();
  const std::vector<int32_t> slots = {0, 1};
  const SequenceRows rows = {.first_row = 0, .n_rows = 2, .slots = slots};
  const Batch batch = {.tokens = std::span(p.ids).first(2),
                       .positions = slots,
                       .slots = slots,
                       .sequences = {&rows, 1},
                       .logit_rows = {}};
  EXPECT_TRUE(model.loaded.model->forward(batch, cache.store, {}, Never()));
  lose();
  const Status status = model.loaded.model->forward(batch, cache.store, {}, Never());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::device_lost);
  EXPECT_THAT(status.error().message, HasSubstr(message));
}

TEST_P(GoldenOnDevices, WhatFailsOnOneRankFailsTheStepOfAll) {
  for (const int n_calls : {0, 1, 4}) {
    for (const int64_t dear_bytes : {kAlwaysGather, kAlwaysInShares}) {
      ShardedModels model = open(2, dear_bytes);
      expect_lost(
          model, prompts_[1], [n_calls] { fail_call(n_calls); },
          "NCCL reports: unhandled system error");
      fail_call(-1);
      EXPECT_EQ(stand_in_count(emulation::kStandInOpen), 0);
    }
  }
}

TEST_P(GoldenOnDevices, ADeviceThatIsLostTakesTheOthersAlong) {
  ShardedModels model = open(2, kAlwaysGather);
  expect_lost(
      model, prompts_[1], [] { emulation::launched("it is broken", /*device=*/1); },
      "it is broken");
}

// Needs no NCCL.
TEST_P(GoldenOnDevices, LayersInTurnsHaveTheBitsOfOneDevice) {
  const GoldenPrompt& p = prompts_[1];
  Backends backends = make_backends(3);
  auto whole = load(GetParam().path, std::move(backends[0]), 300);
  ASSERT_TRUE(whole) << whole.error().message;
  const int n_layers = whole->model->size().n_layers;
  const Stage stages[] = {{backends[2].get(), {0, 1}}, {backends[1].get(), {1, n_layers}}};
  auto model = load_pipeline_model(*Checkpoint::open(GetParam().path), stages, {.max_batch = 300});
  ASSERT_TRUE(model) << model.error().message;
  LoadedModel pipeline = {std::move(backends[2]), std::move(*model)};
  const auto run = [&p](LoadedModel& loaded, int chunk) {
    return ModelRunner(loaded, static_cast<int>(p.ids.size())).run(p.ids, p.positions, chunk);
  };
  const std::vector<float> expected = run(*whole, 300);
  EXPECT_EQ(run(pipeline, 300), expected);
  EXPECT_EQ(run(pipeline, 1), expected);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenOnDevices, ::testing::ValuesIn(some_cases()),
                         [](const auto& param) { return test_name(param.param); });

// What is not there, or goes.

class Failures : public OnDevices {
 protected:
  std::string why_not(const std::string& library) {
    const Backends backends = make_backends(2);
    Backend* const borrowed[] = {backends[0].get(), backends[1].get()};
    const auto communicators = cuda::make_nccl_communicators(borrowed, {.library = library});
    EXPECT_FALSE(communicators);
    EXPECT_EQ(communicators.error().code, ErrorCode::unsupported);
    return communicators.error().message;
  }
};

TEST_F(Failures, SayWhatToInstall) {
  EXPECT_THAT(why_not("libthere_is_none.so.2"),
              AllOf(HasSubstr("NCCL is not here"), HasSubstr("libnccl2")));
  EXPECT_THAT(why_not("libm.so.6"), AllOf(HasSubstr("has no nccl"), HasSubstr("libnccl2")));
  const auto set_version = stand_in<StandInSetVersion>(emulation::kStandInSetVersion);
  set_version(21805);
  EXPECT_THAT(why_not(FATHOM_NCCL_STAND_IN), HasSubstr("NCCL 2.18.5 is too old"));
  set_version(22809);
}

TEST_F(Failures, OfTheFirstExchangeAreFoundAtOnce) {
  const Backends backends = make_backends(2);
  for (const int n_calls : {0, 1, 2, 5}) {
    fail_call(n_calls);
    const auto communicators = join(backends);
    fail_call(-1);
    ASSERT_FALSE(communicators) << n_calls;
    EXPECT_EQ(communicators.error().code, ErrorCode::device_lost);
    EXPECT_EQ(stand_in_count(emulation::kStandInOpen), 0);
  }
  EXPECT_TRUE(join(backends));
}

TEST_F(Failures, OfARankThatCannotGoOnLetTheOthersGo) {
  const Backends backends = make_backends(3);
  const auto communicators = join(backends).value();
  const DeviceTensor a(*backends[0], 1, 8), b(*backends[1], 1, 8), c(*backends[2], 1, 8);
  {
    std::jthread first([&] { communicators[0]->all_reduce_sum(a); });
    std::jthread second([&] { communicators[1]->all_reduce_sum(b); });
    communicators[2]->abort({ErrorCode::device_lost, "the cable is out"});
  }
  for (const auto& communicator : communicators) {
    ASSERT_FALSE(communicator->status());
    EXPECT_EQ(communicator->status().error().message, "the cable is out");
  }
  communicators[2]->all_reduce_sum(c);  // waits for nobody
  EXPECT_TRUE(backends[2]->sync());
  communicators[1]->abort({ErrorCode::internal, "later"});
  EXPECT_EQ(communicators[0]->status().error().message, "the cable is out");
}

TEST_F(Failures, ThatNcclNoticesBesidesAreSeen) {
  const Backends backends = make_backends(2);
  const auto communicators = join(backends).value();
  EXPECT_TRUE(communicators[1]->status());
  const auto set_error = stand_in<StandInSetAsyncError>(emulation::kStandInSetAsyncError);
  set_error(2);
  EXPECT_THAT(communicators[1]->status().error().message, HasSubstr("unhandled system error"));
  set_error(0);
  EXPECT_FALSE(communicators[0]->status());
  EXPECT_EQ(stand_in_count(emulation::kStandInOpen), 0);
}

}  // namespace
}  // namespace fathom::engine
