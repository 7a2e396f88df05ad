// What a model that ranks share does besides computing what one rank would (golden_sharded_test).

#include "engine/parallel/sharded_model.h"

#include <algorithm>
#include <chrono>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "tests/engine/parallel/sharded_models.h"
#include "tests/support/after_some.h"
#include "tests/support/full_backend.h"

namespace fathom::engine {
namespace {

using test::AfterSome;
using ::testing::HasSubstr;

constexpr const char* kLlama = "tests/data/golden/llama-deepseek-coder";  // 4 kv heads of 16
constexpr const char* kV3 = "tests/data/golden/deepseek-v3";              // 16 experts
constexpr int kRanks = 4;

Result<ShardedModels> load_on_reference(const char* path, int n_ranks) {
  return load_sharded(path, backends_of<ReferenceBackend>(n_ranks, 1), {.max_batch = 8});
}

/// Counts the bytes that it is given, by name.
class CountingBackend final : public ReferenceBackend {
 public:
  CountingBackend() : ReferenceBackend(/*n_threads=*/1) {}
  Result<std::unique_ptr<Weight>> upload(WeightData data) override {
    bytes[data.name] += data.bytes.size();
    return ReferenceBackend::upload(std::move(data));
  }
  std::map<std::string, size_t> bytes;
};

class WeightsOfRanks : public ::testing::Test {
 protected:
  void SetUp() override {
    auto whole = load(kV3, std::make_unique<CountingBackend>(), 8);
    ASSERT_TRUE(whole) << whole.error().message;
    whole_ = static_cast<CountingBackend&>(*whole->backend).bytes;
    n_parameters_ = whole->model->size().n_parameters;
    auto sharded = load_sharded(kV3, backends_of<CountingBackend>(kRanks), {.max_batch = 8});
    ASSERT_TRUE(sharded) << sharded.error().message;
    sharded_ = std::move(*sharded);
    ranks_.push_back(static_cast<CountingBackend&>(*sharded_.loaded.backend).bytes);
    for (const auto& backend : sharded_.others)
      ranks_.push_back(static_cast<CountingBackend&>(*backend).bytes);
  }

  std::map<std::string, size_t> whole_;
  std::vector<std::map<std::string, size_t>> ranks_;
  int64_t n_parameters_ = 0;
  ShardedModels sharded_;
};

bool has_any(std::string_view name, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

TEST_F(WeightsOfRanks, AreAnNthOfHeadsAndOfRoutedExperts) {
  int n_seen = 0;
  for (const auto& [name, size] : whole_) {
    if (!has_any(name, {"q_b_proj", "kv_b_proj", "o_proj", "mlp.experts"})) continue;
    ++n_seen;
    for (const auto& rank : ranks_) EXPECT_EQ(rank.at(name), size / kRanks) << name;
  }
  EXPECT_EQ(n_seen, 4 * 4 + 3 * 3)
      << "three layers and one that drafts, of which three have experts";
}

TEST_F(WeightsOfRanks, HaveNoPartOfANetworkTwice) {
  for (const auto& [name, size] : whole_) {
    if (!has_any(name, {"gate_proj", "up_proj", "down_proj"})) continue;
    size_t sum = 0;
    for (const auto& rank : ranks_) sum += rank.contains(name) ? rank.at(name) : 0;
    EXPECT_EQ(sum, size) << name;
  }
}

TEST_F(WeightsOfRanks, CountAsOneModel) {
  EXPECT_EQ(sharded_.loaded.model->size().n_parameters, n_parameters_);
}

Backend* rank_backend(const ShardedModels& sharded, int rank) {
  return rank == 0 ? sharded.loaded.backend.get() : sharded.others[rank - 1].get();
}

TEST(ShardedModel, EachRankKeepsTheKeysAndValuesOfItsHeads) {
  const auto sharded = load_on_reference(kLlama, kRanks);
  ASSERT_TRUE(sharded) << sharded.error().message;
  const Model& model = *sharded->loaded.model;
  ASSERT_EQ(model.cache_widths().size(), kRanks * 3u);
  for (int i = 0; i < kRanks * 3; ++i) {
    EXPECT_EQ(model.cache_widths()[i], 2 * 16) << i;
    EXPECT_EQ(model.cache_backend(i), rank_backend(*sharded, i / 3)) << i;
  }
}

TEST(ShardedModel, EachRankKeepsAllLatents) {
  const auto sharded = load_on_reference(kV3, kRanks);
  ASSERT_TRUE(sharded) << sharded.error().message;
  EXPECT_EQ(cache_bytes_per_token(*sharded->loaded.model), kRanks * 4 * (32 + 16) * sizeof(float));
}

const AfterSome kNever(1000);

/// A text of three tokens, computed in one step.
class ThreeTokens final {
 public:
  explicit ThreeTokens(LoadedModel& loaded)
      : model_(*loaded.model), cache_(*KvMemory::allocate(model_, *loaded.backend, 3)) {}

  Status forward(const Interrupt& interrupt) {
    logits.assign(model_.size().vocab_size, 0.0f);
    return model_.forward({.tokens = kTokens,
                           .positions = kSlots,
                           .slots = kSlots,
                           .sequences = {&kSequence, 1},
                           .logit_rows = kLastRow},
                          cache_.store, logits, interrupt);
  }
  std::vector<float> logits;

 private:
  static constexpr TokenId kTokens[] = {5, 6, 7};
  static constexpr int32_t kSlots[] = {0, 1, 2}, kLastRow[] = {2};
  static constexpr SequenceRows kSequence = {.first_row = 0, .n_rows = 3, .slots = kSlots};

  Model& model_;
  KvMemory cache_;
};

TEST(ShardedModel, OfOneRankIsTheModel) {
  auto sharded = load_on_reference(kV3, 1);
  auto whole = load(kV3, std::make_unique<ReferenceBackend>(1), 8);
  ASSERT_TRUE(sharded && whole);
  ThreeTokens a(sharded->loaded), b(*whole);
  ASSERT_TRUE(a.forward(kNever) && b.forward(kNever));
  EXPECT_EQ(a.logits, b.logits);
}

TEST(ShardedModel, IsInterruptedBetweenAnyTwoLayersAndGoesOn) {
  auto sharded = load_on_reference(kV3, kRanks);
  ASSERT_TRUE(sharded) << sharded.error().message;
  ThreeTokens text(sharded->loaded);
  ASSERT_TRUE(text.forward(kNever));
  const std::vector<float> logits = text.logits;
  for (const int n_layers : {0, 1, 2, 0, 1}) {
    const Status status = text.forward(AfterSome(n_layers));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::cancelled);
  }
  ASSERT_TRUE(text.forward(kNever));
  EXPECT_EQ(text.logits, logits);
}

/// Fails in place of the `n_sums`-th sum.
class FailingCommunicator final : public Communicator {
 public:
  FailingCommunicator(std::unique_ptr<Communicator> inner, int n_sums)
      : inner_(std::move(inner)), n_left_(n_sums) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void all_reduce_sum(Tensor x) override {
    if (n_left_-- == 0) return inner_->abort({ErrorCode::device_lost, "the cable is out"});
    inner_->all_reduce_sum(x);
  }
  void abort(Error reason) override { inner_->abort(std::move(reason)); }
  Status status() const override { return inner_->status(); }

 private:
  std::unique_ptr<Communicator> inner_;
  int n_left_;
};

void expect_lost(ThreeTokens& text, const std::string& message) {
  const auto begin = std::chrono::steady_clock::now();
  const Status status = text.forward(kNever);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::device_lost);
  EXPECT_EQ(status.error().message, message);
}

TEST(ShardedModel, ARankThatIsCutOffFailsThisAndEveryLaterStep) {
  for (const int rank : {0, 2}) {
    for (const int n_sums : {0, 1, 5}) {
      auto communicators = make_thread_communicators(kRanks);
      communicators[rank] =
          std::make_unique<FailingCommunicator>(std::move(communicators[rank]), n_sums);
      auto sharded = load_sharded(kV3, backends_of<ReferenceBackend>(kRanks, 1), {.max_batch = 8},
                                  std::move(communicators));
      ASSERT_TRUE(sharded) << sharded.error().message;
      ThreeTokens text(sharded->loaded);
      expect_lost(text, "the cable is out");
      expect_lost(text, "the cable is out");
    }
  }
}

/// Has lost its device if it is told so.
class LosableBackend final : public ReferenceBackend {
 public:
  LosableBackend() : ReferenceBackend(/*n_threads=*/1) {}
  Status sync() override {
    if (lost) return fail(ErrorCode::device_lost, "the device is gone");
    return {};
  }
  bool lost = false;
};

TEST(ShardedModel, ADeviceThatIsLostFailsTheStep) {
  Backends backends = backends_of<LosableBackend>(kRanks);
  auto& last = static_cast<LosableBackend&>(*backends.back());
  auto sharded = load_sharded(kV3, std::move(backends), {.max_batch = 8});
  ASSERT_TRUE(sharded) << sharded.error().message;
  ThreeTokens text(sharded->loaded);
  ASSERT_TRUE(text.forward(kNever));
  last.lost = true;
  expect_lost(text, "the device is gone");
  expect_lost(text, "the device is gone");
}

TEST(ShardedModel, DoesNotLoadIfARankDoesNot) {
  Backends backends = backends_of<ReferenceBackend>(kRanks, 1);
  backends[2] = std::make_unique<test::FullBackend>();
  const auto sharded = load_sharded(kV3, std::move(backends), {.max_batch = 8});
  ASSERT_FALSE(sharded);
  EXPECT_EQ(sharded.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(sharded.error().message, HasSubstr("no room for"));
}

TEST(ShardedModel, LoadingCanBeGivenUpAndSaysHowFarItIs) {
  ModelOptions options = {.max_batch = 8};
  double progress = 0;
  options.watch.on_progress = [&](double now) { progress = now; };
  ASSERT_TRUE(load_sharded(kV3, backends_of<ReferenceBackend>(kRanks, 1), options));
  EXPECT_GT(progress, 0.2);
  CancelSource giving_up;
  giving_up.cancel();
  options.watch.cancel = giving_up.token();
  const auto sharded = load_sharded(kV3, backends_of<ReferenceBackend>(kRanks, 1), options);
  ASSERT_FALSE(sharded);
  EXPECT_EQ(sharded.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace fathom::engine
