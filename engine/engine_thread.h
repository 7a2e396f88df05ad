// A local model as a Generator: one thread that owns the engine, behind a queue of jobs.
//
// Scheduling: jobs of the most urgent priority present decode together in one batch; less urgent
// ones wait between two tokens, keeping their KV rows. A cancelled job ends within one step.
//
// Threads: submit() and the accessors from any thread. The engine, its model, KV cache and device
// belong to the thread that this object starts. With EngineOptions::threads = false there is no
// thread: submit() runs the job to its end on the caller.
//
// Invariant: every submitted job ends in exactly one on_done, also when it is cancelled, fails, or
// is dropped by the destructor.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/base/trace.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/engine_statistics.h"
#include "engine/generator.h"
#include "engine/model.h"

namespace fathom::engine {

struct EngineOptions {
  std::string backend = "auto";
  int n_threads = 0;                // 0: one for each core
  int context_tokens = 0;           // longest request; 0: the model's context, at most 8192
  int cache_tokens = 0;             // tokens the KV cache holds; 0: twice the longest request
  std::optional<DType> cache_type;  // see ModelOptions; default_cache_type() if nothing
  int prefill_chunk = 0;            // prompt tokens in one step; 0: Backend::prefill_rows()
  bool force_fim = false;           // see read_traits()
  bool speculate = true;            // see Engine::Limits
  bool threads = true;
  /// Weights of large files are laid out before start() returns rather than while the engine is at
  /// work already: for measuring.
  bool pack_first = false;
  uint64_t memory_bytes = 0;  // that weights and KV cache may take; 0: no limit
  /// Where computed prompts are kept for the next start, and how much of them; 0: none are.
  std::filesystem::path disk_cache;
  uint64_t disk_cache_bytes = 0;
  LoadWatch watch;               // of start()
  std::shared_ptr<Trace> trace;  // null: nothing is recorded
};

struct EngineInfo {
  std::string backend;  // "cpu"
  std::string device;   // "avx512-vnni, 2 threads"
  ModelSize model;
  int context_tokens = 0;
  int cache_tokens = 0;
  double ms_load = 0;
  uint64_t weight_bytes = 0;
  uint64_t cache_bytes = 0;
};

class EngineThread final : public Generator {
 public:
  /// Loads tokenizer and model. Reads a large file on until all weights are laid out; if it is
  /// changed before that, requests fail (io). A memory limit shrinks the KV cache before it is an
  /// error. With a disk cache `log` must outlive the engine.
  /// Errors: see Tokenizer::load, load_model, make_backend; out_of_memory.
  static Result<std::unique_ptr<EngineThread>> start(std::shared_ptr<const Checkpoint> checkpoint,
                                                     const EngineOptions& options, Log& log);
  /// Cancels and finishes what is queued, then joins.
  ~EngineThread() override;

  void submit(GenerateRequest request, OnToken on_token, OnDone on_done) override;
  int n_unfinished() const override;
  const Tokenizer& tokenizer() const override;
  const ModelTraits& traits() const override;

  const EngineInfo& info() const;
  /// Cheap.
  EngineStatistics statistics() const;

  /// Logits [vocab_size] of the token that would follow `tokens` (at least one). Waits.
  Result<std::vector<float>> logits(std::vector<TokenId> tokens);
  /// Forgets all cached prefixes and what was written lately. Waits; running jobs keep theirs.
  void clear_cache();

 private:
  class Impl;
  explicit EngineThread(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::engine
