// One completion at the generator: its suggestions, decoded side by side, from tokens to texts.
//
// Threads: start() on the context thread; all else on the generator's. It keeps itself until
// on_done was called, which happens exactly once.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "completion/active_requests.h"
#include "completion/assistant.h"
#include "completion/completion_plan.h"
#include "completion/privacy/secret_finder.h"
#include "engine/base/cancel.h"
#include "engine/base/result.h"
#include "engine/generator.h"

namespace fathom::completion {

struct CompletionOrder {
  using Clock = std::chrono::steady_clock;

  int n = 1;  // suggestions wanted
  Purpose purpose = Purpose::answer;
  CancelToken cancel;
  int masked_secrets = 0;
  Assistant::OnUpdate on_update;                 // may be empty
  std::chrono::milliseconds update_interval{0};  // at least, between two updates
  Clock::time_point start = Clock::now();
};

class CompletionJob final : public std::enable_shared_from_this<CompletionJob> {
 public:
  /// The suggestion with its alternatives; of a warm-up a Completion without text. Errors: those of
  /// the generator for the suggestion itself; an alternative that fails is left out.
  using OnDone = std::function<void(Result<Completion>)>;

  /// `generator` and `secrets` must outlive the job.
  CompletionJob(engine::Generator& generator, const SecretFinder& secrets, CompletionPlan plan,
                CompletionOrder order, OnDone on_done);

  void start();

 private:
  /// One of the suggestions.
  struct Branch {
    explicit Branch(const CompletionPlan& plan) : draft(plan) {}

    Draft draft;
    double ms_first_token = 0;
    double sum_logprob = 0;
    int n_tokens = 0;
    std::optional<Result<Completion>> done;
  };

  void submit(size_t index);
  bool take(Branch& branch, const engine::TokenEvent& event);
  void update();
  void generated(Branch& branch, Result<engine::GenerateResult> result);
  void finish();

  engine::Generator& generator_;
  const SecretFinder& secrets_;
  const CompletionPlan plan_;
  const CompletionOrder order_;
  const OnDone on_done_;
  std::vector<Branch> branches_;  // the suggestion, then its alternatives
  size_t n_unfinished_ = 0;
  CompletionOrder::Clock::time_point last_update_ = order_.start;
};

/// That there is nothing to suggest, by a rule.
Completion nothing_by(std::string_view rule, size_t cursor);

}  // namespace fathom::completion
