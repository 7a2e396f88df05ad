// Runs of rows of the KV cache that are kept outside of it, and where their bytes lie.
//
// Threads: engine thread only.

#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

/// The rows of the last tokens of a text.
struct KvRun {
  std::vector<TokenId> text;
  int first = 0;            // of the tokens whose rows these are
  std::vector<float> rows;  // bits; empty if they lie in a file
  std::string file;         // its name; "": there is none

  int n_tokens() const { return static_cast<int>(text.size()) - first; }
};

class KvRuns {
 public:
  using Runs = std::list<KvRun>;

  virtual ~KvRuns() = default;

  /// Used last comes first.
  const Runs& all() const { return all_; }
  /// All that one text may take, texts of its runs included.
  virtual uint64_t room_bytes() const = 0;
  /// Whether what is kept now is there when the program is started again.
  virtual bool is_lasting() const = 0;

  /// Keeps a run of at most room_bytes(), if it can, in place of what was used least recently.
  virtual void add(KvRun run) = 0;
  /// Notes a use. False: the run is gone, also from all().
  virtual bool use(Runs::const_iterator run) = 0;
  /// The rows of a run, until the next call. Empty: it is gone, also from all().
  virtual std::span<const float> rows_of(Runs::const_iterator run) = 0;
  virtual void clear() = 0;

 protected:
  Runs all_;
};

}  // namespace fathom::engine
