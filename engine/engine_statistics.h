// What an engine does and has done, for people who ask why something is slow.
//
// Threads: plain data.

#pragma once

#include <array>
#include <cstdint>

namespace fathom::engine {

struct EngineStatistics {
  /// What it computes with has failed for good (a lost device, a model file that was changed while
  /// it was still read): every job ends with an error.
  bool is_lost = false;
  std::array<int, 4> n_jobs{};      // not done, by Priority
  int n_running = 0;                // of them, those that hold rows of the KV cache
  int cache_tokens = 0;             // that the KV cache has room for
  int cached_tokens = 0;            // that it holds
  double prefill_tokens_per_s = 0;  // of the latest steps; 0: none yet
  double decode_tokens_per_s = 0;

  // Since the engine was started.
  uint64_t n_steps = 0;
  uint64_t n_prompt_tokens = 0;  // of jobs that have begun
  uint64_t n_reused_tokens = 0;  // of them, found in the KV cache
  uint64_t n_generated_tokens = 0;
  uint64_t n_drafted_tokens = 0;  // guessed ahead of the model
  uint64_t n_right_drafts = 0;    // of them
};

}  // namespace fathom::engine
