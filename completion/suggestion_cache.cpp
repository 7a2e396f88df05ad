#include "completion/suggestion_cache.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

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

/// Whether a suggestion goes on behind what was typed.
auto continues(std::string_view typed) {
  return [typed](const Alternative& suggestion) {
    return suggestion.text.size() > typed.size() && suggestion.text.starts_with(typed);
  };
}

}  // namespace

void SuggestionCache::add(const Snapshot& snapshot, size_t cursor, const Completion& completion,
                          int n) {
  std::vector<Alternative> suggestions{{.text = completion.text,
                                        .replace_begin = completion.replace_begin,
                                        .replace_end = completion.replace_end,
                                        .mean_logprob = completion.mean_logprob}};
  suggestions.insert(suggestions.end(), completion.alternatives.begin(),
                     completion.alternatives.end());
  std::erase_if(suggestions, [cursor](const Alternative& suggestion) {
    return suggestion.text.empty() || suggestion.replace_begin != cursor;
  });
  if (suggestions.empty()) return;
  size_t longest = 0;
  for (const Alternative& suggestion : suggestions)
    longest = std::max(longest, suggestion.text.size());
  const std::string_view text = snapshot.text;
  Entry entry{.document = snapshot.id(),
              .start = cursor,
              .before_hash = hash_of(text.substr(0, cursor)),
              .after_size = text.size() - cursor,
              .after_hash = hash_of(text.substr(cursor)),
              .context = completion.context,
              .suggestions = std::move(suggestions),
              .longest = longest,
              .n_asked = n};
  const std::lock_guard lock(mutex_);
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMaxEntries) entries_.pop_back();
}

std::optional<size_t> SuggestionCache::answers(const Entry& entry, const Snapshot& snapshot,
                                               size_t cursor) {
  const std::string_view text = snapshot.text;
  if (cursor < entry.start || cursor - entry.start >= entry.longest) return std::nullopt;
  if (text.size() - cursor < entry.after_size || snapshot.uri != entry.document.uri ||
      snapshot.client != entry.document.client)
    return std::nullopt;
  const std::string_view typed = text.substr(entry.start, cursor - entry.start);
  if (std::ranges::none_of(entry.suggestions, continues(typed))) return std::nullopt;
  const size_t n_closers = text.size() - cursor - entry.after_size;
  if (n_closers > 0 && !are_closers_of(typed, text.substr(cursor, n_closers))) return std::nullopt;
  const bool is_there = hash_of(text.substr(cursor + n_closers)) == entry.after_hash &&
                        hash_of(text.substr(0, entry.start)) == entry.before_hash;
  return is_there ? std::optional(n_closers) : std::nullopt;
}

std::optional<Completion> SuggestionCache::find(const Snapshot& snapshot, size_t cursor, int n) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const std::optional<size_t> n_closers = answers(*entry, snapshot, cursor);
    if (!n_closers) continue;
    const size_t n_typed = cursor - entry->start;
    std::vector<Alternative> rests;
    for (const Alternative& made : entry->suggestions) {
      if (!continues(std::string_view(snapshot.text).substr(entry->start, n_typed))(made)) continue;
      rests.push_back({.text = made.text.substr(n_typed),
                       .replace_begin = cursor,
                       .replace_end = cursor + *n_closers + made.replace_end - made.replace_begin,
                       .mean_logprob = made.mean_logprob});
    }
    const auto n_wanted = static_cast<size_t>(n);
    const bool has_enough = rests.size() >= n_wanted || (n_typed == 0 && entry->n_asked >= n);
    if (!has_enough) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    rests.resize(std::min(rests.size(), n_wanted));
    Completion known{.text = std::move(rests[0].text),
                     .replace_begin = rests[0].replace_begin,
                     .replace_end = rests[0].replace_end,
                     .stop = "cache",
                     .mean_logprob = rests[0].mean_logprob,
                     .context = entry->context};
    known.alternatives.assign(std::make_move_iterator(rests.begin() + 1),
                              std::make_move_iterator(rests.end()));
    return known;
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
