// The scheduler: jobs in, model steps out.
//
// One step computes one batch: the next token of every decoding job and a chunk of prompt of those
// that have not begun, all of the most urgent priority present. Less urgent jobs wait between two
// steps and keep their cache rows, unless a more urgent one needs the room: then they are computed
// again later.
//
// Engine thread only.
//
// Invariants:
//   - the tokens of a job depend on its request alone (see Backend), never on its company;
//   - decoding allocates nothing (tests/engine/allocation_test.cpp);
//   - every job ends in exactly one on_done.

#pragma once

#include <atomic>
#include <climits>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/base/result.h"
#include "engine/base/trace.h"
#include "engine/draft_policy.h"
#include "engine/engine_statistics.h"
#include "engine/job.h"
#include "engine/kv_memory.h"
#include "engine/kv_runs_in_files.h"
#include "engine/kv_spill.h"
#include "engine/model.h"
#include "engine/prefix_tree.h"
#include "engine/recent_tokens.h"

namespace fathom::engine {

class Engine final {
 public:
  struct Limits {
    int context_tokens = 0;    // longest sequence
    int cache_tokens = 0;      // slots of the KV cache
    int prefill_chunk = 0;     // prompt tokens in one step
    uint64_t spill_bytes = 0;  // of host memory, for what the cache has no room for any more
    std::optional<KvFolder> spill_folder;  // in place of that, and for the next start
    bool speculate = true;  // guess tokens ahead: from texts, and by the model's draft layer
    std::function<double()> clock;  // seconds; null: the machine's. Only speed depends on it.
  };

  /// `backend` must outlive the engine; a null `trace` records nothing.
  /// Errors: out_of_memory (the KV cache).
  static Result<std::unique_ptr<Engine>> create(std::unique_ptr<Model> model, Backend& backend,
                                                const Limits& limits,
                                                std::shared_ptr<Trace> trace = nullptr);
  ~Engine();

  /// Takes a job over. Bad requests end at once.
  void add(std::unique_ptr<Job> job);

  /// Computes one step. False if there is nothing to do.
  bool step();

  /// Ends all jobs with ErrorCode::cancelled.
  void cancel_all();

  /// Forgets what it knows of texts that no job works on: cached prefixes, material for drafts.
  void clear_cache() {
    prefixes_.clear();
    if (spill_) spill_->clear();
    recent_.clear();
  }

  /// Any thread: a job of this priority waits outside; a less urgent prefill gives way to it.
  void announce(Priority priority);
  /// What was announced is now being added.
  void forget_announcements() { announced_ = kNothingAnnounced; }
  /// Any thread: give up the step in flight, the engine is about to go.
  void stop_soon() { stopping_ = true; }

  /// Any thread.
  EngineStatistics statistics() const;

  const Model& model() const { return *model_; }
  uint64_t cache_bytes() const { return cache_.size_bytes; }

 private:
  struct Running;     // a job, its lease and its place in the batch
  class StepControl;  // the Interrupt of one step

  Engine(std::unique_ptr<Model> model, Backend& backend, const Limits& limits,
         std::shared_ptr<Trace> trace);

  bool waits_for_same_prompt(const Running& running) const;
  void admit(Running& running);
  void restore_spilled(PrefixTree::Lease& lease, std::span<const TokenId> tokens, int limit);
  bool make_room(Running& running, int n_rows);
  void give_up_slots(Running& running);
  int choose_drafts(Running& running, int n_free_rows, DraftPolicy::Step& expected);
  void add_to_batch(Running& running, int n_rows);
  void build_batch(Priority urgency);
  Batch batch();
  void take_results();
  void take_result(Running& running);
  void note_guesses(Running& running, int row, TokenId token);
  Status draft_next();
  void remove_ended();
  void note_step(bool decoding, double seconds);
  void note_failure();
  void note_state();

  Backend& backend_;
  std::unique_ptr<Model> model_;
  Limits limits_;
  const std::shared_ptr<Trace> trace_;
  PrefixTree prefixes_;
  KvMemory cache_;
  std::optional<KvSpill> spill_;

  std::vector<std::unique_ptr<Running>> jobs_;  // in order of arrival
  RecentTokens recent_;
  DraftPolicy policy_;

  // The batch of the current step; room for the largest is reserved.
  std::vector<Running*> members_;
  std::vector<TokenId> batch_tokens_;
  std::vector<int32_t> batch_positions_;
  std::vector<SlotId> batch_slots_;
  std::vector<SequenceRows> batch_sequences_;
  std::vector<int32_t> batch_logit_rows_;
  std::vector<TokenId> batch_next_;
  std::vector<TopLogits> tops_;    // of each row with logits; first what they are to be of
  std::vector<float> all_logits_;  // [vocab_size], of one of them

  /// Of the latest steps of one kind; older ones count less and less.
  struct Speed {
    double n_tokens = 0;
    double seconds = 0;
    double per_second() const { return seconds > 0 ? n_tokens / seconds : 0; }
  };
  Speed prefill_speed_, decode_speed_;
  mutable std::mutex statistics_mutex_;
  EngineStatistics statistics_;  // guarded by statistics_mutex_

  static constexpr int kNothingAnnounced = INT_MAX;
  std::atomic<int> announced_ = kNothingAnnounced;  // most urgent priority that waits outside
  std::atomic<bool> stopping_ = false;
};

}  // namespace fathom::engine
