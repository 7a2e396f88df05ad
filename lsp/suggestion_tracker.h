// What becomes of the suggestions that one client was sent: shown, accepted, and still in the text
// later. Counts go to completion::Acceptance; no text leaves this object.
//
// No clock runs here: whether an accepted suggestion was there after 30 seconds is judged when the
// text changes for the first time after that, by the text before the change, which is the text as
// it was then. Main thread only.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "completion/acceptance.h"
#include "completion/snapshot.h"
#include "lsp/document.h"
#include "lsp/suggestion.h"

namespace fathom::lsp {

class SuggestionTracker final {
 public:
  using Clock = std::chrono::steady_clock;

  /// `acceptance` may be null: then nothing is counted. It must outlive the tracker.
  explicit SuggestionTracker(completion::Acceptance* acceptance) : acceptance_(acceptance) {}

  /// Suggestions go out, to choose from: at most one is accepted. Sets their ids: that of one
  /// before it in the document for what is left of that one after some typing.
  void offer(const completion::Snapshot& document, std::span<Suggestion> suggestions);

  // Unknown ids are those of suggestions that were offered long ago: nothing happens.
  void shown(uint64_t id);
  void partially_accepted(uint64_t id);
  /// `document`: the one it was offered in, null if it was closed meanwhile.
  void accepted(uint64_t id, const Document* document, Clock::time_point now);
  /// Of an id; "" if it is unknown.
  std::string uri_of(uint64_t id) const;

  /// Before a document changes or goes.
  void before_change(const Document& document, Clock::time_point now);
  /// After it has changed: `edit` is what was replaced.
  void changed(const Document& document, const TextEdit& edit);
  /// It is about to be closed: what was accepted in it is judged now.
  void closing(const Document& document);

 private:
  /// Suggestions that were offered together, which count as one.
  struct Offer {
    struct Choice {
      uint64_t id = 0;
      std::string text;
      size_t begin = 0;
      size_t n_after = 0;  // bytes behind what it replaces
    };
    std::string uri;
    std::string language;
    std::vector<Choice> choices;
    bool is_shown = false;
    bool is_settled = false;  // accepted, partially accepted, or counted as rejected
  };

  /// Bytes of an accepted suggestion that are still in the text.
  struct Kept {
    struct Piece {
      size_t begin = 0;
      size_t end = 0;
    };
    std::string uri;
    std::string language;
    std::string text;  // until it was found in the document, which may hear of it later
    size_t begin = 0;  // where to look for it
    size_t size = 0;
    std::vector<Piece> pieces;
    Clock::time_point accepted;
    bool is_judged_once = false;

    bool is_kept() const;
  };

  Offer* find(uint64_t id);
  static bool keep_ids(const Offer& offer, std::span<Offer::Choice> choices);
  static const Offer::Choice* find_choice(const Offer& offer, uint64_t id);
  void count(std::string_view language, uint64_t completion::AcceptanceCounts::*counter);
  void give_up(Offer& offer);
  void judge(Kept& kept, bool after_5_min);
  static void look_for(Kept& kept, std::string_view text);

  completion::Acceptance* acceptance_;
  std::deque<Offer> offers_;  // newest last; one of a document is its newest
  std::vector<Kept> kept_;
  uint64_t last_id_ = 0;
};

}  // namespace fathom::lsp
