#include "engine/kv_spill.h"

#include <algorithm>
#include <utility>

#include "engine/common_length.h"

namespace fathom::engine {
namespace {

// Fewer tokens are computed about as soon as they are copied.
constexpr size_t kFewestTokens = 8;

/// Bits of a row, as numbers that backends copy.
int words_of(const CacheRows& layer) { return static_cast<int>(layer.stride / sizeof(float)); }

/// Calls copy(rows of the cache, where their words begin among those of all slots) for slots that
/// follow each other.
template <class Copy>
void for_each_piece(const CacheRows& layer, std::span<const SlotId> slots, const Copy& copy) {
  const int n_words = words_of(layer);
  for (size_t first = 0, end = 0; first < slots.size(); first = end) {
    end = first + 1;
    while (end < slots.size() && slots[end] == slots[end - 1] + 1) ++end;
    auto* row = reinterpret_cast<float*>(layer.data + slots[first] * layer.stride);
    copy(Tensor{row, static_cast<int>(end - first), n_words, n_words}, first * n_words);
  }
}

}  // namespace

bool KvSpill::can_keep(const Model& model, const KvStore& cache) {
  for (int i = 0; i < static_cast<int>(cache.layers.size()); ++i)
    if (model.cache_backend(i) != nullptr || cache.layers[i].stride % sizeof(float) != 0)
      return false;
  return true;
}

KvSpill::KvSpill(Backend& backend, const KvStore& cache, uint64_t limit_bytes)
    : backend_(backend), cache_(cache), limit_bytes_(limit_bytes) {}

void KvSpill::clear() {
  runs_.clear();
  size_bytes_ = 0;
}

void KvSpill::make_room(uint64_t n_bytes) {
  while (!runs_.empty() && size_bytes_ + n_bytes > limit_bytes_) {
    size_bytes_ -= runs_.back().bytes();
    runs_.pop_back();
  }
}

void KvSpill::keep(std::span<const TokenId> text, std::span<const SlotId> slots) {
  if (slots.size() < kFewestTokens) return;
  const int first = static_cast<int>(text.size() - slots.size());
  const auto known = std::ranges::find_if(runs_, [&](const Run& run) {
    return run.first <= first && common_length(run.text, text) == static_cast<int>(text.size());
  });
  if (known != runs_.end()) return runs_.splice(runs_.begin(), runs_, known);

  size_t n_words = 0;
  for (const CacheRows& layer : cache_.layers) n_words += words_of(layer) * slots.size();
  Run run = {.text = {text.begin(), text.end()}, .first = first, .rows = {}};
  const uint64_t n_bytes = run.bytes() + n_words * sizeof(float);
  if (n_bytes > limit_bytes_) return;
  make_room(n_bytes);
  run.rows.resize(n_words);
  std::span<float> rest = run.rows;
  for (const CacheRows& layer : cache_.layers) {
    bool is_good = true;
    for_each_piece(layer, slots, [&](Tensor rows, size_t at) {
      const size_t n = static_cast<size_t>(rows.rows) * rows.cols;
      if (!backend_.download(rest.subspan(at, n), rows)) is_good = false;
    });
    if (!is_good) return;  // the device is lost, which the next step says
    rest = rest.subspan(words_of(layer) * slots.size());
  }
  size_bytes_ += run.bytes();
  runs_.push_front(std::move(run));
}

KvSpill::Found KvSpill::best_for(std::span<const TokenId> text, int n_known) const {
  Found best = {runs_.end(), 0};
  for (auto run = runs_.begin(); run != runs_.end(); ++run) {
    const int n = run->first <= n_known ? common_length(run->text, text) - n_known : 0;
    if (n > best.n_tokens) best = {run, n};
  }
  return best;
}

int KvSpill::find(std::span<const TokenId> text, int n_known) const {
  int n_all = 0;
  while (const int n = best_for(text, n_known + n_all).n_tokens) n_all += n;
  return n_all;
}

int KvSpill::restore(std::span<const TokenId> text, int n_known, std::span<const SlotId> slots) {
  int n_all = 0;
  while (n_all < static_cast<int>(slots.size())) {
    const auto [run, n] = best_for(text, n_known + n_all);
    if (n == 0) break;
    const auto to = slots.subspan(n_all, std::min<size_t>(n, slots.size() - n_all));
    std::span<const float> rest = run->rows;
    for (const CacheRows& layer : cache_.layers) {
      const size_t n_words = words_of(layer), begin = (n_known + n_all - run->first) * n_words;
      for_each_piece(layer, to, [&](Tensor rows, size_t at) {
        backend_.write(rows, rest.subspan(begin + at, static_cast<size_t>(rows.rows) * rows.cols));
      });
      rest = rest.subspan(n_words * run->n_tokens());
    }
    n_all += static_cast<int>(to.size());
    runs_.splice(runs_.begin(), runs_, run);
  }
  return n_all;
}

}  // namespace fathom::engine
