// Rows of the KV cache that a device had no room for any more, in the host's memory: copying them
// back takes a small part of the time that computing them takes.
//
// Threads: engine thread only.

#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/model.h"
#include "engine/token.h"

namespace fathom::engine {

class KvSpill final {
 public:
  /// Whether the rows are on one backend, and whole words.
  static bool can_keep(const Model& model, const KvStore& cache);

  /// Only if can_keep(). `cache` is memory of `backend`; both outlive this. Keeps at most
  /// limit_bytes, those that were used last.
  KvSpill(Backend& backend, const KvStore& cache, uint64_t limit_bytes);

  /// Copies `slots`, the rows of the last tokens of `text`, which are about to be used otherwise.
  void keep(std::span<const TokenId> text, std::span<const SlotId> slots);

  /// How many tokens of `text` behind the first n_known are here, without a gap.
  int find(std::span<const TokenId> text, int n_known) const;
  /// Fills `slots`, the rows of the tokens behind the first n_known of `text`; returns for how
  /// many, which is less than find() said if there was a keep() meanwhile.
  int restore(std::span<const TokenId> text, int n_known, std::span<const SlotId> slots);

  void clear();
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  struct Run {
    std::vector<TokenId> text;
    int first = 0;            // of the tokens whose rows these are
    std::vector<float> rows;  // bits: layer by layer, without gaps
    int n_tokens() const { return static_cast<int>(text.size()) - first; }
    uint64_t bytes() const { return rows.size() * sizeof(float) + text.size() * sizeof(TokenId); }
  };
  using Runs = std::list<Run>;  // used last comes first

  struct Found {
    Runs::const_iterator run;
    int n_tokens;  // behind the first n_known; 0: none
  };
  Found best_for(std::span<const TokenId> text, int n_known) const;
  void make_room(uint64_t n_bytes);

  Backend& backend_;
  const KvStore& cache_;
  const uint64_t limit_bytes_;
  Runs runs_;
  uint64_t size_bytes_ = 0;
};

}  // namespace fathom::engine
