#include "engine/kv_spill.h"

#include <algorithm>
#include <utility>

#include "engine/common_length.h"

namespace fathom::engine {
namespace {

// Fewer tokens are computed about as soon as they are copied.
constexpr int kFewestTokens = 8;
// Of a run: a few milliseconds to read and to verify.
constexpr size_t kRunWords = size_t{1} << 20;

/// Bits of a row, as numbers that backends copy.
size_t words_of(const CacheRows& layer) { return layer.stride / sizeof(float); }

/// Calls copy(rows of the cache, where their words begin among those of all slots) for slots that
/// follow each other.
template <class Copy>
void for_each_piece(const CacheRows& layer, std::span<const SlotId> slots, const Copy& copy) {
  const int n_words = static_cast<int>(words_of(layer));
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

size_t KvSpill::words_per_token(const KvStore& cache) {
  size_t n_words = 0;
  for (const CacheRows& layer : cache.layers) n_words += words_of(layer);
  return n_words;
}

KvSpill::KvSpill(Backend& backend, const KvStore& cache, std::unique_ptr<KvRuns> runs)
    : backend_(backend),
      cache_(cache),
      words_per_token_(words_per_token(cache)),
      runs_(std::move(runs)) {}

void KvSpill::keep(std::span<const TokenId> text, std::span<const SlotId> slots) {
  const size_t n_in_run = std::max<size_t>(kFewestTokens, kRunWords / words_per_token_);
  // A run has the text before it, too.
  const size_t bytes_per_token =
      words_per_token_ * sizeof(float) + (text.size() / n_in_run + 1) * sizeof(TokenId);
  text = text.first(std::min<size_t>(text.size(), runs_->room_bytes() / bytes_per_token));
  const auto n_here = static_cast<size_t>(use(text));
  if (text.size() < n_here + kFewestTokens) return;
  // Last ones first, so that a run is used no later than those that begin where it ends. Runs begin
  // at the same places in all texts: what two have in common is kept once.
  for (size_t end = text.size(); end > n_here;) {
    const size_t first = std::max(n_here, (end - 1) / n_in_run * n_in_run);
    if (!add(text.first(end), slots.subspan(first, end - first))) return;
    end = first;
  }
  use(text);
}

/// Copies `slots`, the rows of the last tokens of `text`. False: the device is lost, which the next
/// step says.
bool KvSpill::add(std::span<const TokenId> text, std::span<const SlotId> slots) {
  KvRun run = {.text = {text.begin(), text.end()},
               .first = static_cast<int>(text.size() - slots.size()),
               .rows = std::vector<float>(words_per_token_ * slots.size()),
               .file = {}};
  std::span<float> rest = run.rows;
  for (const CacheRows& layer : cache_.layers) {
    bool is_good = true;
    for_each_piece(layer, slots, [&](Tensor rows, size_t at) {
      const size_t n = static_cast<size_t>(rows.rows) * rows.cols;
      if (!backend_.download(rest.subspan(at, n), rows)) is_good = false;
    });
    if (!is_good) return false;
    rest = rest.subspan(words_of(layer) * slots.size());
  }
  runs_->add(std::move(run));
  return true;
}

/// Notes that the runs of a text are used, last ones first; returns how many tokens they have
/// without a gap.
int KvSpill::use(std::span<const TokenId> text) {
  std::vector<std::pair<int, KvRuns::Runs::const_iterator>> used;  // from which token on
  int n_here = 0;
  for (Found found = best_for(text, 0); found.n_tokens > 0; found = best_for(text, n_here)) {
    used.emplace_back(n_here, found.run);
    n_here += found.n_tokens;
  }
  for (auto it = used.rbegin(); it != used.rend(); ++it)
    if (!runs_->use(it->second)) n_here = it->first;
  return n_here;
}

KvSpill::Found KvSpill::best_for(std::span<const TokenId> text, int n_known) const {
  const KvRuns::Runs& runs = runs_->all();
  Found best = {runs.end(), 0};
  if (n_known >= std::ssize(text)) return best;
  for (auto run = runs.begin(); run != runs.end(); ++run) {
    const bool may_go_on = run->first <= n_known && n_known < std::ssize(run->text) &&
                           run->text[n_known] == text[n_known];
    const int n = may_go_on ? common_length(run->text, text) - n_known : 0;
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
  while (n_all < std::ssize(slots)) {
    const auto [run, n] = best_for(text, n_known + n_all);
    if (n == 0) break;
    const int n_tokens = run->n_tokens();
    const size_t skipped = n_known + n_all - run->first;
    std::span<const float> rest = runs_->rows_of(run);
    if (rest.empty()) continue;  // it is gone; perhaps there is another
    const auto to = slots.subspan(n_all, std::min<size_t>(n, slots.size() - n_all));
    for (const CacheRows& layer : cache_.layers) {
      const size_t n_words = words_of(layer), begin = skipped * n_words;
      for_each_piece(layer, to, [&](Tensor rows, size_t at) {
        backend_.write(rows, rest.subspan(begin + at, static_cast<size_t>(rows.rows) * rows.cols));
      });
      rest = rest.subspan(n_words * n_tokens);
    }
    n_all += static_cast<int>(to.size());
  }
  use(text.first(n_known + n_all));
  return n_all;
}

}  // namespace fathom::engine
