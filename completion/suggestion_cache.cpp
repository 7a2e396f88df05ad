#include "completion/suggestion_cache.h"

#include <algorithm>
#include <functional>
#include <string>

namespace fathom::completion {
namespace {

constexpr size_t kMaxEntries = 256;

size_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }

/// Whether an editor that closes what is opened has put `closers` behind `typed`: the closing
/// brackets and quotes of those that `typed` left open last.
bool are_closers_of(std::string_view typed, std::string_view closers) {
  constexpr std::string_view kOpening = "([{\"'`";
  constexpr std::string_view kClosing = ")]}\"'`";
  std::string open;  // what closes it, outermost first
  for (const char c : typed) {
    const size_t kind = kOpening.find(c);
    if (!open.empty() && open.back() == c) {
      open.pop_back();
    } else if (kind != std::string_view::npos) {
      open += kClosing[kind];
    }
  }
  return closers.size() <= open.size() && std::equal(closers.begin(), closers.end(), open.rbegin());
}

}  // namespace

void SuggestionCache::add(const Snapshot& snapshot, size_t cursor, const Completion& completion) {
  if (completion.text.empty() || completion.replace_begin != cursor) return;
  const std::string_view text = snapshot.text;
  Entry entry{.document = snapshot.id(),
              .start = cursor,
              .before_hash = hash_of(text.substr(0, cursor)),
              .after_size = text.size() - cursor,
              .after_hash = hash_of(text.substr(cursor)),
              .completion = completion};
  const std::lock_guard lock(mutex_);
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMaxEntries) entries_.pop_back();
}

std::optional<size_t> SuggestionCache::answers(const Entry& entry, const Snapshot& snapshot,
                                               size_t cursor) {
  const std::string_view text = snapshot.text;
  const std::string_view suggested = entry.completion.text;
  if (cursor < entry.start || cursor - entry.start >= suggested.size()) return std::nullopt;
  if (text.size() - cursor < entry.after_size || snapshot.uri != entry.document.uri ||
      snapshot.client != entry.document.client)
    return std::nullopt;
  const std::string_view typed = text.substr(entry.start, cursor - entry.start);
  const size_t n_closers = text.size() - cursor - entry.after_size;
  if (!suggested.starts_with(typed)) return std::nullopt;
  if (n_closers > 0 && !are_closers_of(typed, text.substr(cursor, n_closers))) return std::nullopt;
  const bool is_there = hash_of(text.substr(cursor + n_closers)) == entry.after_hash &&
                        hash_of(text.substr(0, entry.start)) == entry.before_hash;
  return is_there ? std::optional(n_closers) : std::nullopt;
}

std::optional<Completion> SuggestionCache::find(const Snapshot& snapshot, size_t cursor) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const std::optional<size_t> n_closers = answers(*entry, snapshot, cursor);
    if (!n_closers) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    const Completion& made = entry->completion;
    const size_t n_replaced = *n_closers + made.replace_end - made.replace_begin;
    return Completion{.text = made.text.substr(cursor - entry->start),
                      .replace_begin = cursor,
                      .replace_end = cursor + n_replaced,
                      .stop = "cache",
                      .mean_logprob = made.mean_logprob,
                      .context = made.context};
  }
  return std::nullopt;
}

void SuggestionCache::forget(const DocumentId& document) {
  const std::lock_guard lock(mutex_);
  entries_.remove_if([&](const Entry& entry) { return entry.document == document; });
}

void SuggestionCache::forget_client(uint64_t client) {
  const std::lock_guard lock(mutex_);
  entries_.remove_if([&](const Entry& entry) { return entry.document.client == client; });
}

}  // namespace fathom::completion
