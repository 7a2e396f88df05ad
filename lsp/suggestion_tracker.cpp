#include "lsp/suggestion_tracker.h"

#include <algorithm>
#include <utility>

namespace fathom::lsp {
namespace {

using completion::AcceptanceCounts;

constexpr std::chrono::seconds kFirst{30};
constexpr std::chrono::minutes kSecond{5};
constexpr size_t kMaxOffers = 64;
constexpr size_t kMaxKept = 256;

}  // namespace

uint64_t SuggestionTracker::offer(const completion::Snapshot& document, size_t begin, size_t end,
                                  std::string_view text) {
  const size_t n_after = document.text.size() - end;
  const auto last = std::find_if(offers_.rbegin(), offers_.rend(),
                                 [&](const Offer& offer) { return offer.uri == document.uri; });
  if (last != offers_.rend()) {
    const bool is_rest =
        last->text.ends_with(text) && begin == last->begin + (last->text.size() - text.size());
    const bool is_more =
        begin == last->begin && (text.starts_with(last->text) || last->text.starts_with(text));
    if (!last->is_settled && n_after == last->n_after && (is_rest || is_more)) {
      last->text = text;
      last->begin = begin;
      return last->id;
    }
    give_up(*last);
  }
  if (offers_.size() >= kMaxOffers) {
    give_up(offers_.front());
    offers_.pop_front();
  }
  offers_.push_back({.id = ++last_id_,
                     .uri = document.uri,
                     .language = document.language,
                     .text = std::string(text),
                     .begin = begin,
                     .n_after = n_after});
  count(offers_.back().language, &AcceptanceCounts::offered);
  return last_id_;
}

void SuggestionTracker::shown(uint64_t id) {
  Offer* offer = find(id);
  if (!offer || std::exchange(offer->is_shown, true)) return;
  count(offer->language, &AcceptanceCounts::shown);
}

void SuggestionTracker::partially_accepted(uint64_t id) {
  Offer* offer = find(id);
  if (!offer || std::exchange(offer->is_settled, true)) return;
  count(offer->language, &AcceptanceCounts::partially_accepted);
}

void SuggestionTracker::accepted(uint64_t id, const Document* document, Clock::time_point now) {
  Offer* offer = find(id);
  if (!offer || std::exchange(offer->is_settled, true)) return;
  count(offer->language, &AcceptanceCounts::accepted);
  if (!document || !acceptance_) return;
  if (kept_.size() >= kMaxKept) kept_.erase(kept_.begin());
  kept_.push_back({.uri = offer->uri,
                   .language = offer->language,
                   .text = offer->text,
                   .begin = offer->begin,
                   .size = offer->text.size(),
                   .pieces = {},
                   .accepted = now});
  look_for(kept_.back(), document->text());
}

std::string SuggestionTracker::uri_of(uint64_t id) const {
  const auto found = std::ranges::find(offers_, id, &Offer::id);
  return found == offers_.end() ? std::string() : found->uri;
}

void SuggestionTracker::before_change(const Document& document, Clock::time_point now) {
  for (Kept& kept : kept_) {
    if (kept.uri != document.uri()) continue;
    if (now - kept.accepted >= kFirst) judge(kept, /*after_5_min=*/false);
    if (now - kept.accepted >= kSecond) judge(kept, /*after_5_min=*/true);
  }
  std::erase_if(kept_, [&](const Kept& kept) {
    return kept.uri == document.uri() && now - kept.accepted >= kSecond;
  });
}

void SuggestionTracker::changed(const Document& document, const TextEdit& edit) {
  for (Offer& offer : offers_) {
    if (offer.uri == document.uri() && edit.begin + edit.n_removed <= offer.begin &&
        edit.begin < offer.begin)
      offer.begin += edit.n_inserted - edit.n_removed;
  }
  const size_t end = edit.begin + edit.n_removed;
  for (Kept& kept : kept_) {
    if (kept.uri != document.uri()) continue;
    if (!kept.text.empty()) {
      look_for(kept, document.text());
      continue;
    }
    std::vector<Kept::Piece> pieces;
    for (const Kept::Piece& piece : kept.pieces) {
      // What lies before the edit stays where it is, what lies behind it moves.
      if (piece.begin < edit.begin)
        pieces.push_back({piece.begin, std::min(piece.end, edit.begin)});
      if (piece.end > end) {
        pieces.push_back({std::max(piece.begin, end) - edit.n_removed + edit.n_inserted,
                          piece.end - edit.n_removed + edit.n_inserted});
      }
    }
    kept.pieces = std::move(pieces);
  }
}

void SuggestionTracker::closing(const Document& document) {
  for (Kept& kept : kept_) {
    if (kept.uri != document.uri()) continue;
    judge(kept, /*after_5_min=*/false);
    judge(kept, /*after_5_min=*/true);
  }
  std::erase_if(kept_, [&](const Kept& kept) { return kept.uri == document.uri(); });
  for (Offer& offer : offers_)
    if (offer.uri == document.uri()) give_up(offer);
}

bool SuggestionTracker::Kept::is_kept() const {
  size_t n_bytes = 0;
  for (const Piece& piece : pieces) n_bytes += piece.end - piece.begin;
  return size > 0 && 2 * n_bytes >= size;
}

SuggestionTracker::Offer* SuggestionTracker::find(uint64_t id) {
  const auto found = std::ranges::find(offers_, id, &Offer::id);
  return found == offers_.end() ? nullptr : &*found;
}

void SuggestionTracker::count(std::string_view language, uint64_t AcceptanceCounts::*counter) {
  if (acceptance_) acceptance_->add(language, counter);
}

/// The suggestion is not on the screen any more.
void SuggestionTracker::give_up(Offer& offer) {
  if (!offer.is_shown || std::exchange(offer.is_settled, true)) return;
  count(offer.language, &AcceptanceCounts::rejected);
}

void SuggestionTracker::judge(Kept& kept, bool after_5_min) {
  if (!after_5_min && std::exchange(kept.is_judged_once, true)) return;
  const bool is_kept = kept.is_kept();
  if (after_5_min) {
    count(kept.language, is_kept ? &AcceptanceCounts::kept_5_min : &AcceptanceCounts::gone_5_min);
  } else {
    count(kept.language, is_kept ? &AcceptanceCounts::kept_30_s : &AcceptanceCounts::gone_30_s);
  }
}

/// Where the text is now, if it is near where it should be: clients may re-indent it.
void SuggestionTracker::look_for(Kept& kept, std::string_view text) {
  constexpr size_t kFar = 256;
  const size_t from = kept.begin - std::min(kept.begin, kFar);
  if (from > text.size()) return;
  const size_t at = text.substr(from, 2 * kFar + kept.size).find(kept.text);
  if (at == std::string_view::npos) return;
  kept.pieces = {{from + at, from + at + kept.size}};
  kept.text.clear();
}

}  // namespace fathom::lsp
