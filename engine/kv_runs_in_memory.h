// Runs of cache rows in the host's memory.

#pragma once

#include "engine/kv_runs.h"

namespace fathom::engine {

class KvRunsInMemory final : public KvRuns {
 public:
  explicit KvRunsInMemory(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  uint64_t room_bytes() const override { return limit_bytes_; }
  bool is_lasting() const override { return false; }
  void add(KvRun run) override;
  bool use(Runs::const_iterator run) override;
  std::span<const float> rows_of(Runs::const_iterator run) override { return run->rows; }
  void clear() override;

  uint64_t size_bytes() const { return size_bytes_; }

 private:
  const uint64_t limit_bytes_;
  uint64_t size_bytes_ = 0;
};

}  // namespace fathom::engine
