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

void SuggestionTracker::offer(const completion::Snapshot& document,
                              std::span<Suggestion> suggestions) {
  if (suggestions.empty()) return;
  std::vector<Offer::Choice> choices;
  for (const Suggestion& suggestion : suggestions)
    choices.push_back({.text = suggestion.text,
                       .begin = suggestion.begin,
                       .n_after = document.text.size() - suggestion.end});
  const auto last = std::find_if(offers_.rbegin(), offers_.rend(),
                                 [&](const Offer& offer) { return offer.uri == document.uri; });
  const bool goes_on = last != offers_.rend() && !last->is_settled && keep_ids(*last, choices);
  for (Offer::Choice& choice : choices)
    if (choice.id == 0) choice.id = ++last_id_;
  for (size_t i = 0; i < choices.size(); ++i) suggestions[i].id = choices[i].id;
  if (goes_on) {
    last->choices = std::move(choices);
    return;
  }
  if (last != offers_.rend()) give_up(*last);
  if (offers_.size() >= kMaxOffers) {
    give_up(offers_.front());
    offers_.pop_front();
  }
  offers_.push_back(
      {.uri = document.uri, .language = document.language, .choices = std::move(choices)});
  count(document.language, &AcceptanceCounts::offered);
}

/// Gives those of `choices` their ids that go on with one of the offer; whether there are any.
bool SuggestionTracker::keep_ids(const Offer& offer, std::span<Offer::Choice> choices) {
  bool any = false;
  for (const Offer::Choice& old : offer.choices) {
    const auto goes_on = [&old](const Offer::Choice& choice) {
      const bool is_rest = old.text.ends_with(choice.text) &&
                           choice.begin == old.begin + (old.text.size() - choice.text.size());
      const bool is_more = choice.begin == old.begin &&
                           (choice.text.starts_with(old.text) || old.text.starts_with(choice.text));
      return choice.id == 0 && choice.n_after == old.n_after && (is_rest || is_more);
    };
    const auto found = std::ranges::find_if(choices, goes_on);
    if (found == choices.end()) continue;
    found->id = old.id;
    any = true;
  }
  return any;
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
  const Offer::Choice& choice = *find_choice(*offer, id);
  kept_.push_back({.uri = offer->uri,
                   .language = offer->language,
                   .text = choice.text,
                   .begin = choice.begin,
                   .size = choice.text.size(),
                   .pieces = {},
                   .accepted = now});
  look_for(kept_.back(), document->text());
}

std::string SuggestionTracker::uri_of(uint64_t id) const {
  const auto found = std::ranges::find_if(
      offers_, [id](const Offer& offer) { return find_choice(offer, id) != nullptr; });
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
    if (offer.uri != document.uri()) continue;
    for (Offer::Choice& choice : offer.choices) {
      if (edit.begin + edit.n_removed <= choice.begin && edit.begin < choice.begin)
        choice.begin += edit.n_inserted - edit.n_removed;
    }
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

const SuggestionTracker::Offer::Choice* SuggestionTracker::find_choice(const Offer& offer,
                                                                       uint64_t id) {
  const auto found = std::ranges::find(offer.choices, id, &Offer::Choice::id);
  return found == offer.choices.end() ? nullptr : &*found;
}

SuggestionTracker::Offer* SuggestionTracker::find(uint64_t id) {
  const auto found = std::ranges::find_if(
      offers_, [id](const Offer& offer) { return find_choice(offer, id) != nullptr; });
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
