#include "tests/support/fake_model.h"

#include <algorithm>
#include <utility>

#include "engine/find_top.h"

namespace fathom::engine {
namespace {

constexpr TokenId kFirstText = 16;  // below are special tokens of the tiny tokenizer

}  // namespace

FakeModel::FakeModel(Options options) : options_(std::move(options)) {
  size_ = {.n_layers = 1, .dim = 1, .vocab_size = options_.vocab_size, .context_length = 4096};
  widths_ = {2};  // [token, position]
}

TokenId FakeModel::next_of(std::span<const TokenId> tokens) const {
  uint64_t hash = 1469598103934665603u;  // FNV-1a
  for (const TokenId token : tokens) hash = (hash ^ static_cast<uint64_t>(token)) * 1099511628211u;
  return kFirstText + static_cast<TokenId>((hash >> 17) % (options_.vocab_size - kFirstText));
}

std::vector<TokenId> FakeModel::text_after(std::vector<TokenId> tokens, int n) const {
  std::vector<TokenId> text;
  for (int i = 0; i < n; ++i) {
    text.push_back(next_of(tokens));
    tokens.push_back(text.back());
  }
  return text;
}

/// The tokens that the cache holds for positions up to the row's own; -1 where a row is not what
/// its position says.
std::vector<TokenId> FakeModel::seen_by(const Batch& batch, int row, const KvStore& cache) const {
  for (const SequenceRows& sequence : batch.sequences) {
    if (row < sequence.first_row || row >= sequence.first_row + sequence.n_rows) continue;
    std::vector<TokenId> tokens;
    for (int position = 0; position <= batch.positions[row]; ++position) {
      const float* entry = cache.layers[0].floats().row(sequence.slots[position]);
      tokens.push_back(static_cast<int>(entry[1]) == position ? static_cast<TokenId>(entry[0])
                                                              : -1);
    }
    return tokens;
  }
  return {};
}

Status FakeModel::forward(const Batch& batch, const KvStore& cache, std::span<float> logits,
                          const Interrupt& interrupt) {
  if (options_.on_forward) options_.on_forward(batch);
  if (options_.is_lost && options_.is_lost()) return fail(ErrorCode::device_lost, "it is gone");
  if (interrupt.requested()) return fail(ErrorCode::cancelled, "interrupted");
  ++n_forwards_;
  n_rows_ += static_cast<int>(batch.tokens.size());
  for (size_t row = 0; row < batch.tokens.size(); ++row) {
    float* entry = cache.layers[0].floats().row(batch.slots[row]);
    entry[0] = static_cast<float>(batch.tokens[row]);
    entry[1] = static_cast<float>(batch.positions[row]);
  }
  logits_.assign(batch.logit_rows.size() * options_.vocab_size, 0.0f);
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    const TokenId next = next_of(seen_by(batch, batch.logit_rows[i], cache));
    logits_[i * options_.vocab_size + next] = 10.0f;
  }
  give(batch, logits);
  return {};
}

void FakeModel::give(const Batch& batch, std::span<float> logits) {
  if (!logits.empty()) std::ranges::copy(logits_, logits.begin());
  const size_t n = options_.vocab_size;
  for (size_t i = 0; i < batch.tops.size(); ++i)
    find_top(batch.tops[i], std::span(logits_).subspan(i * n, n));
}

Status FakeModel::all_logits(int i, std::span<float> logits) {
  const size_t n = options_.vocab_size;
  std::ranges::copy(std::span(logits_).subspan(i * n, n), logits.begin());
  return {};
}

Status FakeModel::draft(const Batch& batch, std::span<const TokenId> next, const KvStore& cache,
                        std::span<float> logits) {
  logits_.assign(batch.logit_rows.size() * options_.vocab_size, 0.0f);
  for (size_t i = 0; i < batch.logit_rows.size(); ++i) {
    std::vector<TokenId> tokens = seen_by(batch, batch.logit_rows[i], cache);
    tokens.push_back(next[batch.logit_rows[i]]);
    const bool right = static_cast<int>(tokens.size() % 10) < options_.draft_quality;
    const TokenId guess = next_of(tokens) + (right ? 0 : 1);
    logits_[i * options_.vocab_size + guess % options_.vocab_size] = 1.0f;
  }
  give(batch, logits);
  return {};
}

}  // namespace fathom::engine
