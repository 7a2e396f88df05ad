// Suggestions that were made, so that typing along one, or deleting back to one, needs no model.
//
// An entry answers exactly where its suggestion is still right: the text before its start and
// behind the cursor is what it was, and what was typed since is the suggestion's begin. Brackets
// and quotes that an editor closes by itself while they are typed do not matter: they are replaced.
//
// Threads: any.

#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/assistant.h"

namespace fathom::completion {

class SuggestionCache final {
 public:
  /// Keeps what `completion` and its alternatives suggest at `cursor`, where their ranges begin, of
  /// `n` that were asked for. Nothing is kept if all are empty: it may be worth another try.
  void add(const Snapshot& snapshot, size_t cursor, const Completion& completion, int n = 1);

  /// The rest of a suggestion, with stop = "cache", and up to `n` - 1 alternatives to it: where as
  /// many were asked for, or what was typed since leaves as many. Costs one comparison for most
  /// entries and one pass over the text for the right one.
  std::optional<Completion> find(const Snapshot& snapshot, size_t cursor, int n = 1);

  /// Drops the suggestions of a document.
  void forget(const DocumentId& document);
  void forget_client(uint64_t client);

 private:
  struct Entry {
    DocumentId document;
    size_t start = 0;        // where the suggestion was made; size of the text before it
    size_t before_hash = 0;  // of the text before it
    size_t after_size = 0;
    size_t after_hash = 0;  // of the text behind it
    std::vector<ContextPiece> context;
    std::vector<Alternative> suggestions;  // the likeliest first; none is empty
    size_t longest = 0;                    // bytes of their texts
    int n_asked = 0;
  };

  /// How many closing brackets and quotes stand behind the cursor that the editor put there when
  /// their openers were typed; nothing if the entry is no answer.
  static std::optional<size_t> answers(const Entry& entry, const Snapshot& snapshot, size_t cursor);

  std::mutex mutex_;
  std::list<Entry> entries_;  // guarded by mutex_; most recently used first
};

}  // namespace fathom::completion
