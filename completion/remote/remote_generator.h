// A model on a server as a Generator.
//
// Prompts are tokens, so the vocabulary is read here, from the same model's file or folder; the
// server is asked whether it has the same one. What the server decodes is bound here, token by
// token: see remote_job.h.
//
// Scheduling: the server computes some requests side by side; the most urgent ones are sent. One
// that is more urgent takes the place of a less urgent one, which goes on afterwards where it was.
//
// Failures: what was refused before the server began is tried again, a little later; what breaks
// off later fails. A server that fails again and again is left alone for a while (state()).
//
// Threads: submit() and the accessors from any thread; callbacks on a thread of its own.
//
// Invariant: every submitted request ends in exactly one on_done, also when it is cancelled, fails,
// or is dropped by the destructor.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "completion/remote/circuit_breaker.h"
#include "completion/remote/http_times.h"
#include "completion/remote/remote_server.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/engine_thread.h"
#include "engine/generator.h"

namespace fathom::completion {

struct RemoteState {
  CircuitBreaker::State breaker = CircuitBreaker::State::closed;
  CircuitBreaker::Clock::time_point retry_at;  // of an open one: the next request finds out
  std::string problem;                         // why it is not closed, for people
};

struct RemoteOptions {
  int context_tokens = 0;  // as EngineOptions::context_tokens
  bool force_fim = false;  // see read_traits()
  HttpTimes times;
  std::function<void()> on_breaker;  // it opens or closes; on the generator's thread; may be null
};

class RemoteGenerator final : public engine::Generator {
 public:
  /// Connects and looks at what is there; waits. Keeps nothing that points into the checkpoint,
  /// of which no weights are read.
  /// Errors: those of parse_server_url, Tokenizer::load, read_traits, HttpClient::create, discover;
  /// invalid_argument (text or token would go unencrypted over a network).
  static Result<std::unique_ptr<RemoteGenerator>> connect(const RemoteServer& server,
                                                          const engine::Checkpoint& vocabulary,
                                                          const RemoteOptions& options, Log& log);
  /// Cancels and finishes what is queued, then joins.
  ~RemoteGenerator() override;

  void submit(engine::GenerateRequest request, OnToken on_token, OnDone on_done) override;
  int n_unfinished() const override;
  const engine::Tokenizer& tokenizer() const override;
  const engine::ModelTraits& traits() const override;

  /// As of an engine: "remote" on "llama-server at https://...".
  const engine::EngineInfo& info() const;
  RemoteState state() const;

 private:
  class Impl;
  explicit RemoteGenerator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::completion
