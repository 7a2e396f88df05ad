// Prefixes that are kept outside of the KV cache: in host memory, and on disk for the next start.

#include "engine/kv_spill.h"

#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/kv_runs_in_memory.h"
#include "engine/reference/reference_backend.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/support/fake_model.h"
#include "tests/support/temp_dir.h"

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

  static constexpr uint64_t kRowBytes = 8 * sizeof(float);
  KvSpill with_room_for(uint64_t limit_bytes) {
    auto runs = std::make_unique<KvRunsInMemory>(limit_bytes);
    runs_ = runs.get();
    return KvSpill(backend_, cache_, std::move(runs));
  }

  ReferenceBackend backend_{1};
  std::vector<std::vector<float>> memory_;
  KvStore cache_;
  const KvRunsInMemory* runs_ = nullptr;
};

std::vector<SlotId> slots(int first, int n) {
  std::vector<SlotId> all(n);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST_F(KvSpillTest, GivesBackWhatItKeptAlsoToOtherSlots) {
  KvSpill spill = with_room_for(1 << 20);
  std::vector<SlotId> from = {7, 8, 9, 3, 4, 20, 19, 18, 30, 31};
  spill.keep(text(10), from);
  EXPECT_EQ(spill.find(text(12), 0), 10);
  EXPECT_EQ(spill.find(text(12), 4), 6);
  EXPECT_EQ(spill.find(text(12), 12), 0);
  EXPECT_EQ(spill.find(Tokens(12, 5), 0), 0);
  const auto to = slots(10, 6);
  EXPECT_EQ(spill.restore(text(12), 4, to), 6);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(holds(to[i], from[4 + i])) << i;
  EXPECT_TRUE(holds(16, 16) && holds(9, 9));
}

TEST_F(KvSpillTest, PutsATextTogetherThatWasKeptInParts) {
  KvSpill spill = with_room_for(1 << 20);
  spill.keep(text(12), slots(20, 12));
  const uint64_t size = runs_->size_bytes();
  std::vector<SlotId> all = slots(0, 20);  // the first 12 are not looked at
  spill.keep(text(20), all);
  EXPECT_EQ(runs_->size_bytes() - size, 8 * kRowBytes + 20 * sizeof(TokenId));
  EXPECT_EQ(spill.find(text(20), 0), 20);
  EXPECT_EQ(spill.find(text(15), 0), 15);
  EXPECT_EQ(spill.find(text(20), 13), 7);
  std::vector<SlotId> to = slots(0, 8);
  for (int i = 32; i < 40; ++i) to.push_back(i);
  EXPECT_EQ(spill.restore(text(20), 0, to), 16);
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(holds(to[i], i < 12 ? 20 + i : i)) << i;
}

TEST_F(KvSpillTest, KeepsWhatTwoTextsHaveInCommonOnce) {
  KvSpill spill = with_room_for(1 << 20);
  spill.keep(text(20), slots(0, 20));
  const uint64_t size = runs_->size_bytes();
  Tokens other = text(20);
  for (int i = 12; i < 20; ++i) other[i] = 1;
  spill.keep(other, slots(20, 20));
  EXPECT_EQ(runs_->size_bytes() - size, 8 * kRowBytes + 20 * sizeof(TokenId));
  EXPECT_EQ(spill.find(text(20), 0), 20);
  EXPECT_EQ(spill.restore(other, 10, slots(0, 10)), 10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(holds(i, i < 2 ? 10 + i : 30 + i)) << i;
}

TEST_F(KvSpillTest, KeepsNothingTwiceAndWhatWasUsedLast) {
  KvSpill spill = with_room_for(1000);
  spill.keep(text(10), slots(0, 10));
  const uint64_t size = runs_->size_bytes();
  EXPECT_EQ(size, 10 * (kRowBytes + sizeof(TokenId)));
  fill(0, -1.0f);
  spill.keep(text(10), slots(0, 10));
  spill.keep(text(8), slots(0, 8));
  EXPECT_EQ(runs_->size_bytes(), size);

  const Tokens second(10, 2), third(10, 3);
  spill.keep(second, slots(10, 10));
  EXPECT_EQ(spill.restore(text(10), 0, slots(30, 1)), 1);  // used last now
  spill.keep(third, slots(20, 10));
  EXPECT_EQ(spill.find(text(10), 0), 10);
  EXPECT_EQ(spill.find(second, 0), 0);
  EXPECT_EQ(spill.find(third, 0), 10);
  EXPECT_LE(runs_->size_bytes(), 1000u);

  spill.keep(Tokens(5, 9), slots(0, 5));  // is not worth it
  EXPECT_EQ(spill.find(Tokens(5, 9), 0), 0);
  spill.keep(Tokens(40, 4), slots(0, 40));  // has room for its beginning
  EXPECT_EQ(spill.find(Tokens(40, 4), 0), 27);
  EXPECT_LE(runs_->size_bytes(), 1000u);
  spill.clear();
  EXPECT_EQ(runs_->size_bytes(), 0u);
  EXPECT_EQ(spill.find(third, 0), 0);
}

/// A model whose text depends on every row of the cache.
class EngineWithSpill : public testing::Test {
 protected:
  void SetUp() override {
    const auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
    ASSERT_TRUE(tokenizer);
    tokenizer_ = *tokenizer;
    traits_.vocab_size = 512;
    traits_.end_tokens = {1};
  }

  /// Room for one prompt and a bit.
  void start(uint64_t spill_bytes, std::optional<KvFolder> folder = std::nullopt) {
    engine_.reset();
    auto made =
        std::make_unique<FakeModel>(FakeModel::Options{.is_lost = [this] { return is_lost_; }});
    model_ = made.get();
    engine_ = *Engine::create(std::move(made), backend_,
                              {.context_tokens = 100,
                               .cache_tokens = 110,
                               .prefill_chunk = 16,
                               .spill_bytes = spill_bytes,
                               .spill_folder = std::move(folder),
                               .speculate = false});
  }
  KvFolder folder() {
    return {.path = around_.path() / "prompts",
            .limit_bytes = 1 << 20,
            .identity = std::string(64, 'a'),
            .log = &log_};
  }
  static Tokens prompt(int seed) {
    Tokens tokens;
    for (int i = 0; i < 80; ++i) tokens.push_back(16 + (seed * 31 + i * i * 7) % 400);
    return tokens;
  }
  /// What a job with that prompt gives.
  Result<GenerateResult> run(const Tokens& tokens, std::vector<float>* logits = nullptr) {
    std::optional<Result<GenerateResult>> result;
    auto job = std::make_unique<Job>(
        GenerateRequest{.prompt = tokens, .max_tokens = 4}, [](const TokenEvent&) { return true; },
        [&](Result<GenerateResult> done) { result = std::move(done); }, *tokenizer_, traits_);
    if (logits)
      job->observe_logits([=](std::span<const float> row) {
        logits->insert(logits->end(), row.begin(), row.end());
      });
    engine_->add(std::move(job));
    while (engine_->step()) {
    }
    return std::move(*result);
  }
  /// How many rows are computed for it.
  int rows_for(const Tokens& tokens) {
    const int before = model_->n_rows();
    const auto result = run(tokens);
    EXPECT_TRUE(result);
    EXPECT_EQ(result->tokens, model_->text_after(tokens, 4));
    return model_->n_rows() - before;
  }

  const test::TempDir around_;
  std::vector<std::string> lines_;
  Log log_{LogLevel::debug, [this](LogLevel, std::string_view line) { lines_.emplace_back(line); }};
  std::shared_ptr<const Tokenizer> tokenizer_;
  ModelTraits traits_;
  ReferenceBackend backend_{1};
  bool is_lost_ = false;
  const FakeModel* model_ = nullptr;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineWithSpill, ReadsEvictedPromptsBackInsteadOfComputingThem) {
  for (const bool on_disk : {false, true}) {
    SCOPED_TRACE(on_disk);
    start(1 << 20, on_disk ? std::optional(folder()) : std::nullopt);
    EXPECT_EQ(rows_for(prompt(1)), 83);
    EXPECT_EQ(rows_for(prompt(2)), 83);  // there is room for one
    EXPECT_EQ(rows_for(prompt(1)), 4);
    EXPECT_EQ(rows_for(prompt(2)), 4);
    Tokens longer = prompt(1);
    longer.push_back(17);
    EXPECT_EQ(rows_for(longer), 4);
    engine_->clear_cache();
    EXPECT_EQ(rows_for(prompt(2)), 83);
  }
}

TEST_F(EngineWithSpill, ComputesNoPromptAgainAfterAStart) {
  start(0, folder());
  std::vector<float> before, after;
  const auto first = run(prompt(1), &before);
  EXPECT_EQ(first->reused_tokens, 0);
  EXPECT_EQ(rows_for(prompt(2)), 83);

  start(0, folder());
  const auto second = run(prompt(1), &after);
  EXPECT_EQ(second->reused_tokens, 79);  // the last one's logits are what the job came for
  EXPECT_EQ(engine_->statistics().n_reused_tokens, 79u);
  EXPECT_EQ(model_->n_rows(), 4);
  EXPECT_EQ(second->tokens, first->tokens);
  EXPECT_EQ(after, before);
  EXPECT_EQ(rows_for(prompt(2)), 4);

  KvFolder of_another = folder();
  of_another.identity = std::string(64, 'b');
  start(0, of_another);
  EXPECT_EQ(rows_for(prompt(1)), 83);
  engine_.reset();
  EXPECT_TRUE(lines_.empty()) << lines_[0];
}

TEST_F(EngineWithSpill, ComputesWhatIsDamaged) {
  start(0, folder());
  EXPECT_EQ(rows_for(prompt(1)), 83);
  start(0, folder());
  for (const auto& file : std::filesystem::directory_iterator(folder().path)) {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(-100, std::ios::end);
    bytes.put('?');
  }
  EXPECT_EQ(rows_for(prompt(1)), 83);
  EXPECT_EQ(lines_.size(), 1u);
  start(0, folder());
  EXPECT_EQ(rows_for(prompt(1)), 4);
}

TEST_F(EngineWithSpill, KeepsNothingOfADeviceThatIsLost) {
  start(0, folder());
  EXPECT_EQ(rows_for(prompt(1)), 83);
  is_lost_ = true;
  EXPECT_FALSE(run(prompt(1)));
  is_lost_ = false;
  start(0, folder());
  EXPECT_EQ(rows_for(prompt(1)), 83);
}

TEST_F(EngineWithSpill, AnswersWhereNothingCanBeKept) {
  KvFolder nowhere = folder();
  std::ofstream(nowhere.path) << "no folder";
  start(0, nowhere);
  EXPECT_EQ(rows_for(prompt(1)), 83);
  EXPECT_EQ(rows_for(prompt(2)), 83);
  EXPECT_EQ(rows_for(prompt(1)), 83);
  engine_.reset();
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("prompts are not kept for later"), std::string::npos);
}

}  // namespace
}  // namespace fathom::engine
