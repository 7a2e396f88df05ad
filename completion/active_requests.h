// Requests that are under way: how they are cancelled, superseded and waited for.
//
// A document has one completion at a time: the newest that was asked for, or work that nobody has
// asked for yet and that gives way to it.
//
// Threads: any.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "completion/snapshot.h"
#include "engine/base/cancel.h"

namespace fathom::completion {

/// What a completion is for.
enum class Purpose {
  answer,   // someone waits for it
  ahead,    // the cache: it may be asked for soon
  warm_up,  // nobody; its prompt is to be in the KV cache
};

class ActiveRequests final {
 public:
  struct Ticket {
    uint64_t id = 0;
    CancelToken cancel;  // the request's own wish, or ours
  };

  /// A completion that its client cancels through `own`. It cancels the one that is under way in
  /// its document.
  Ticket begin_latest(const DocumentId& document, const CancelToken& own);

  /// Any number of others may run beside it.
  Ticket begin(const DocumentId& document, const CancelToken& own);

  /// Work ahead of a request. Nothing if its document has a completion already, other than
  /// `after`, which is about to end (0: none), and an older warm-up, which gives way to a newer.
  std::optional<Ticket> begin_speculation(const DocumentId& document, Purpose purpose,
                                          uint64_t after);

  /// Of each Ticket, exactly once.
  void end(uint64_t id);

  /// Whether somebody waits for anything.
  bool any_wanted() const;
  /// Whether nothing else is under way that is neither cancelled nor about to end.
  bool is_alone(uint64_t id) const;

  void cancel_speculation(const DocumentId& document);
  void cancel_latest(const DocumentId& document);
  void cancel_client(uint64_t client);
  /// From then on nothing speculative begins.
  void cancel_all_and_wait();

 private:
  struct Active {
    CancelSource source;
    DocumentId document;
    Purpose purpose = Purpose::answer;
    bool is_ending = false;
  };

  Ticket add(const DocumentId& document, const CancelToken& own, Purpose purpose);

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  uint64_t last_id_ = 0;  // all guarded by mutex_
  bool closing_ = false;
  std::map<uint64_t, Active> active_;
  std::map<DocumentId, uint64_t> latest_;  // completion of each document; always in active_
};

}  // namespace fathom::completion
