// Rows of the KV cache that it had no room for any more: copying them back takes a small part of
// the time that computing them takes.
//
// A text is kept in runs of a few megabytes, so that who needs its beginning reads no more.
//
// Threads: engine thread only.

#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/kv_runs.h"
#include "engine/model.h"
#include "engine/token.h"

namespace fathom::engine {

class KvSpill final {
 public:
  /// Whether the rows are on one backend, and whole words.
  static bool can_keep(const Model& model, const KvStore& cache);
  /// Words that a token's rows have in all layers.
  static size_t words_per_token(const KvStore& cache);

  /// Only if can_keep(). `cache` is memory of `backend`; both outlive this.
  KvSpill(Backend& backend, const KvStore& cache, std::unique_ptr<KvRuns> runs);

  /// Copies those of `slots`, the rows of the tokens of `text`, that are not here yet: all of them,
  /// so that no gap is left, but of a text that is too long only the beginning.
  void keep(std::span<const TokenId> text, std::span<const SlotId> slots);

  /// How many tokens of `text` behind the first n_known are here, without a gap.
  int find(std::span<const TokenId> text, int n_known) const;
  /// Fills `slots`, the rows of the tokens behind the first n_known of `text`; returns for how
  /// many, which is less than find() said if runs have gone. What is in the other slots is
  /// undefined.
  int restore(std::span<const TokenId> text, int n_known, std::span<const SlotId> slots);

  /// Whether what is kept now is there when the program is started again.
  bool is_lasting() const { return runs_->is_lasting(); }
  void clear() { runs_->clear(); }

 private:
  struct Found {
    KvRuns::Runs::const_iterator run;
    int n_tokens;  // behind the first n_known; 0: none
  };
  Found best_for(std::span<const TokenId> text, int n_known) const;
  int use(std::span<const TokenId> text);
  bool add(std::span<const TokenId> text, std::span<const SlotId> slots);

  Backend& backend_;
  const KvStore& cache_;
  const size_t words_per_token_;
  const std::unique_ptr<KvRuns> runs_;
};

}  // namespace fathom::engine
