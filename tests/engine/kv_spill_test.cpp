// Evicted prefixes that are kept in host memory.

#include "engine/kv_spill.h"

#include <numeric>
#include <optional>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/reference/reference_backend.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/support/fake_model.h"

namespace fathom::engine {
namespace {

using Tokens = std::vector<TokenId>;

Tokens text(int n) {
  Tokens tokens(n);
  std::iota(tokens.begin(), tokens.end(), 100);
  return tokens;
}

/// Two layers of rows of 3 and 5 words, which begin as their slot and layer.
class KvSpillTest : public testing::Test {
 protected:
  static constexpr int kSlots = 40;

  void SetUp() override {
    for (const int width : {3, 5}) {
      std::vector<float>& rows = memory_.emplace_back(kSlots * width);
      cache_.layers.emplace_back(rows.data(), DType::f32, kSlots, width);
    }
    for (int slot = 0; slot < kSlots; ++slot) fill(slot, static_cast<float>(slot));
  }
  static float number(size_t layer, float value, int column) {
    return 100.0f * static_cast<float>(layer) + value + 0.01f * static_cast<float>(column);
  }
  float* row(size_t layer, SlotId slot) {
    return memory_[layer].data() + slot * cache_.layers[layer].cols;
  }
  void fill(SlotId slot, float value) {
    for (size_t layer = 0; layer < 2; ++layer)
      for (int i = 0; i < cache_.layers[layer].cols; ++i)
        row(layer, slot)[i] = number(layer, value, i);
  }
  /// Whether a slot holds what slot `original` did in the beginning.
  bool holds(SlotId slot, SlotId original) {
    bool same = true;
    for (size_t layer = 0; layer < 2; ++layer)
      for (int i = 0; i < cache_.layers[layer].cols; ++i)
        same &= row(layer, slot)[i] == number(layer, static_cast<float>(original), i);
    return same;
  }

  ReferenceBackend backend_{1};
  std::vector<std::vector<float>> memory_;
  KvStore cache_;
};

std::vector<SlotId> slots(int first, int n) {
  std::vector<SlotId> all(n);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST_F(KvSpillTest, GivesBackWhatItKeptAlsoToOtherSlots) {
  KvSpill spill(backend_, cache_, 1 << 20);
  std::vector<SlotId> from = {7, 8, 9, 3, 4, 20, 19, 18, 30, 31};
  spill.keep(text(10), from);
  EXPECT_EQ(spill.find(text(12), 0), 10);
  EXPECT_EQ(spill.find(text(12), 4), 6);
  EXPECT_EQ(spill.find(Tokens(12, 5), 0), 0);
  const auto to = slots(10, 6);
  EXPECT_EQ(spill.restore(text(12), 4, to), 6);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(holds(to[i], from[4 + i])) << i;
  EXPECT_TRUE(holds(16, 16) && holds(9, 9));
}

TEST_F(KvSpillTest, PutsATextTogetherThatWasEvictedInParts) {
  KvSpill spill(backend_, cache_, 1 << 20);
  spill.keep(text(20), slots(8, 8));  // tokens 12 to 19: leaves go first
  EXPECT_EQ(spill.find(text(20), 0), 0);
  spill.keep(text(12), slots(20, 12));
  EXPECT_EQ(spill.find(text(20), 0), 20);
  EXPECT_EQ(spill.find(text(15), 0), 15);
  std::vector<SlotId> to = slots(0, 8);
  for (int i = 32; i < 40; ++i) to.push_back(i);
  EXPECT_EQ(spill.restore(text(20), 0, to), 16);
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(holds(to[i], i < 12 ? 20 + i : 8 + i - 12)) << i;
}

TEST_F(KvSpillTest, KeepsNothingTwiceAndWhatWasUsedLast) {
  KvSpill spill(backend_, cache_, 1000);
  spill.keep(text(10), slots(0, 10));
  const uint64_t size = spill.size_bytes();
  EXPECT_EQ(size, 10 * (8 * sizeof(float) + sizeof(TokenId)));
  fill(0, -1.0f);
  spill.keep(text(10), slots(0, 10));
  spill.keep(text(10), slots(2, 8));  // its last 8 tokens
  EXPECT_EQ(spill.size_bytes(), size);

  const Tokens second(10, 2), third(10, 3);
  spill.keep(second, slots(10, 10));
  EXPECT_EQ(spill.restore(text(10), 0, slots(30, 1)), 1);  // used last now
  spill.keep(third, slots(20, 10));
  EXPECT_EQ(spill.find(text(10), 0), 10);
  EXPECT_EQ(spill.find(second, 0), 0);
  EXPECT_EQ(spill.find(third, 0), 10);
  EXPECT_LE(spill.size_bytes(), 1000u);

  spill.keep(text(40), slots(0, 40));  // has no room at all
  EXPECT_EQ(spill.find(text(40), 0), 10);
  spill.keep(Tokens(5, 9), slots(0, 5));  // is not worth it
  EXPECT_EQ(spill.find(Tokens(5, 9), 0), 0);
  spill.clear();
  EXPECT_EQ(spill.size_bytes(), 0u);
  EXPECT_EQ(spill.find(third, 0), 0);
}

/// A model whose text depends on every row of the cache.
TEST(EngineWithSpill, ReadsEvictedPromptsBackInsteadOfComputingThem) {
  const auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  ASSERT_TRUE(tokenizer);
  ModelTraits traits;
  traits.vocab_size = 512;
  traits.end_tokens = {1};
  ReferenceBackend backend(1);
  auto made = std::make_unique<FakeModel>(FakeModel::Options{});
  const FakeModel& model = *made;
  const auto engine = *Engine::create(std::move(made), backend,
                                      {.context_tokens = 100,
                                       .cache_tokens = 110,
                                       .prefill_chunk = 16,
                                       .spill_bytes = 1 << 20,
                                       .speculate = false});
  const auto prompt = [](int seed) {
    Tokens tokens;
    for (int i = 0; i < 80; ++i) tokens.push_back(16 + (seed * 31 + i * i * 7) % 400);
    return tokens;
  };
  const auto rows_for = [&](const Tokens& tokens) {
    const int before = model.n_rows();
    std::optional<Result<GenerateResult>> result;
    engine->add(std::make_unique<Job>(
        GenerateRequest{.prompt = tokens, .max_tokens = 4}, [](const TokenEvent&) { return true; },
        [&](Result<GenerateResult> done) { result = std::move(done); }, **tokenizer, traits));
    while (engine->step()) {
    }
    EXPECT_TRUE(result && *result);
    EXPECT_EQ((*result)->tokens, model.text_after(tokens, 4));
    return model.n_rows() - before;
  };
  EXPECT_EQ(rows_for(prompt(1)), 83);
  EXPECT_EQ(rows_for(prompt(2)), 83);  // there is room for one
  EXPECT_EQ(rows_for(prompt(1)), 4);
  EXPECT_EQ(rows_for(prompt(2)), 4);
  Tokens longer = prompt(1);
  longer.push_back(17);
  EXPECT_EQ(rows_for(longer), 4);
  engine->clear_cache();
  EXPECT_EQ(rows_for(prompt(2)), 83);
}

}  // namespace
}  // namespace fathom::engine
