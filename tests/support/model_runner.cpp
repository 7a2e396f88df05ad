#include "tests/support/model_runner.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

class Never final : public Interrupt {
 public:
  bool requested() const override { return false; }
};

KvMemory cache_of(LoadedModel& loaded, int n_slots) {
  auto cache = KvMemory::allocate(*loaded.model, *loaded.backend, n_slots);
  FATHOM_ASSERT(cache.has_value());
  return std::move(*cache);
}

}  // namespace

Result<LoadedModel> load(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                         const ModelOptions& options) {
  FATHOM_TRY(checkpoint, Checkpoint::open(path));
  FATHOM_TRY(model, load_model(checkpoint, *backend, options));
  return LoadedModel{std::move(backend), std::move(model)};
}

Result<LoadedModel> load(const std::filesystem::path& path, std::unique_ptr<Backend> backend,
                         int max_batch) {
  return load(path, std::move(backend), ModelOptions{.max_batch = max_batch});
}

ModelRunner::ModelRunner(LoadedModel& loaded, int capacity)
    : model_(*loaded.model), cache_(cache_of(loaded, capacity)) {
  for (int i = 0; i < capacity; ++i) slots_.push_back(capacity - 1 - i);
}

Batch ModelRunner::batch_of_last_step() {
  const bool has_tops = std::ssize(wanted_) <= std::min(model_.max_batch(), Batch::kMaxTops);
  tops_.assign(has_tops ? wanted_.size() : 0, TopLogits{});
  return {.tokens = tokens_,
          .positions = positions_,
          .slots = std::span(slots_).subspan(positions_.front(), tokens_.size()),
          .sequences = {&rows_, 1},
          .logit_rows = wanted_,
          .tops = tops_,
          .probe = probe};
}

void ModelRunner::expect_tops(std::span<const float> logits) {
  const size_t n = model_.size().vocab_size;
  std::vector<float> all(n);
  for (size_t i = 0; i < tops_.size(); ++i) {
    const std::span<const float> row = logits.subspan(i * n, n);
    EXPECT_EQ(tops_[i].likeliest[0].id, likeliest(row)) << i;
    EXPECT_TRUE(model_.all_logits(static_cast<int>(i), all));
    EXPECT_TRUE(std::ranges::equal(all, row)) << i;
  }
}

std::vector<float> ModelRunner::step(std::span<const TokenId> tokens,
                                     std::span<const int32_t> wanted) {
  const int n = static_cast<int>(tokens.size());
  FATHOM_ASSERT(n > 0 && length_ + n <= static_cast<int>(slots_.size()));
  tokens_.assign(tokens.begin(), tokens.end());
  wanted_.assign(wanted.begin(), wanted.end());
  positions_.clear();
  for (int i = 0; i < n; ++i) positions_.push_back(length_ + i);
  length_ += n;
  rows_ = {.first_row = 0, .n_rows = n, .slots = std::span(slots_).first(length_)};

  std::vector<float> logits(wanted.size() * model_.size().vocab_size);
  const Status status = model_.forward(batch_of_last_step(), cache_.store, logits, Never());
  EXPECT_TRUE(status) << status.error().message;
  if (status) expect_tops(logits);
  return logits;
}

std::vector<float> ModelRunner::draft(std::span<const TokenId> next) {
  std::vector<float> logits(wanted_.size() * model_.size().vocab_size);
  const Status status = model_.draft(batch_of_last_step(), next, cache_.store, logits);
  EXPECT_TRUE(status) << status.error().message;
  if (status) expect_tops(logits);
  return logits;
}

std::vector<float> ModelRunner::run(std::span<const TokenId> tokens,
                                    std::span<const int32_t> positions, int chunk) {
  std::vector<float> logits;
  for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const auto part = tokens.subspan(begin, std::min<size_t>(chunk, tokens.size() - begin));
    std::vector<int32_t> wanted;
    for (const int32_t position : positions) {
      const int row = position - length_;
      if (row >= 0 && row < static_cast<int>(part.size())) wanted.push_back(row);
    }
    const std::vector<float> rows = step(part, wanted);
    logits.insert(logits.end(), rows.begin(), rows.end());
  }
  return logits;
}

std::vector<TokenId> ModelRunner::greedy(std::vector<float> logits, int n) {
  constexpr int32_t kFirstRow[] = {0};
  std::vector<TokenId> tokens;
  while (true) {
    tokens.push_back(likeliest(logits));
    if (static_cast<int>(tokens.size()) == n) return tokens;
    logits = step({&tokens.back(), 1}, kFirstRow);
  }
}

std::vector<float> run_apart(LoadedModel& loaded, std::span<const TokenId> a,
                             std::span<const TokenId> b) {
  std::vector<float> logits;
  for (const std::span<const TokenId> text : {a, b}) {
    const int n = static_cast<int>(text.size());
    const int32_t last[] = {n - 1};
    const std::vector<float> row = ModelRunner(loaded, n).run(text, last, n);
    logits.insert(logits.end(), row.begin(), row.end());
  }
  return logits;
}

std::vector<float> run_together(LoadedModel& loaded, std::span<const TokenId> a,
                                std::span<const TokenId> b) {
  const KvMemory cache = cache_of(loaded, static_cast<int>(a.size() + b.size()));
  std::vector<TokenId> tokens(a.begin(), a.end());
  tokens.insert(tokens.end(), b.begin(), b.end());
  std::vector<int32_t> positions;
  std::vector<SlotId> slots;
  for (size_t i = 0; i < tokens.size(); ++i) {
    positions.push_back(static_cast<int32_t>(i < a.size() ? i : i - a.size()));
    slots.push_back(static_cast<SlotId>(tokens.size() - 1 - i));
  }
  const int n_a = static_cast<int>(a.size()), n_b = static_cast<int>(b.size());
  const SequenceRows sequences[] = {
      {.first_row = 0, .n_rows = n_a, .slots = std::span(slots).first(n_a)},
      {.first_row = n_a, .n_rows = n_b, .slots = std::span(slots).last(n_b)}};
  const int32_t last_rows[] = {n_a - 1, n_a + n_b - 1};
  std::vector<float> logits(2 * loaded.model->size().vocab_size);
  const Status status = loaded.model->forward({.tokens = tokens,
                                               .positions = positions,
                                               .slots = slots,
                                               .sequences = sequences,
                                               .logit_rows = last_rows},
                                              cache.store, logits, Never());
  EXPECT_TRUE(status) << status.error().message;
  return logits;
}

TokenId likeliest(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace fathom::engine
