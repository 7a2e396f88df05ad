#include "engine/kv_runs_in_memory.h"

#include <utility>

#include "engine/base/assert.h"

namespace fathom::engine {
namespace {

uint64_t bytes_of(const KvRun& run) {
  return run.rows.size() * sizeof(float) + run.text.size() * sizeof(TokenId);
}

}  // namespace

void KvRunsInMemory::add(KvRun run) {
  const uint64_t n_bytes = bytes_of(run);
  FATHOM_ASSERT(n_bytes <= limit_bytes_);
  while (size_bytes_ + n_bytes > limit_bytes_) {
    size_bytes_ -= bytes_of(all_.back());
    all_.pop_back();
  }
  size_bytes_ += n_bytes;
  all_.push_front(std::move(run));
}

bool KvRunsInMemory::use(Runs::const_iterator run) {
  all_.splice(all_.begin(), all_, run);
  return true;
}

void KvRunsInMemory::clear() {
  all_.clear();
  size_bytes_ = 0;
}

}  // namespace fathom::engine
