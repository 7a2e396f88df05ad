#include "completion/completion_job.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "completion/lines.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {
namespace {

using Clock = CompletionOrder::Clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// What differs only in the blanks around it is nothing to choose from.
void add_alternative(Completion& completion, const Completion& other) {
  const auto is_same = [&](std::string_view known) { return trim(known) == trim(other.text); };
  if (other.text.empty() || is_same(completion.text) ||
      std::ranges::any_of(completion.alternatives, is_same, &Alternative::text))
    return;
  completion.alternatives.push_back({.text = other.text,
                                     .replace_begin = other.replace_begin,
                                     .replace_end = other.replace_end,
                                     .mean_logprob = other.mean_logprob});
}

}  // namespace

Completion nothing_by(std::string_view rule, size_t cursor) {
  return {.text = {},
          .replace_begin = cursor,
          .replace_end = cursor,
          .stop = fmt::format("filtered:{}", rule)};
}

CompletionJob::CompletionJob(engine::Generator& generator, const SecretFinder& secrets,
                             CompletionPlan plan, CompletionOrder order, OnDone on_done)
    : generator_(generator),
      secrets_(secrets),
      plan_(std::move(plan)),
      order_(std::move(order)),
      on_done_(std::move(on_done)) {
  branches_.reserve(static_cast<size_t>(order_.n));
  for (int i = 0; i < order_.n; ++i) branches_.emplace_back(plan_);
}

void CompletionJob::start() {
  n_unfinished_ = branches_.size();
  for (size_t i = 0; i < branches_.size(); ++i) submit(i);
}

void CompletionJob::submit(size_t index) {
  Branch& branch = branches_[index];
  engine::GenerateRequest generate = plan_.generate;
  generate.first_rank = static_cast<int>(index);
  generate.cancel = order_.cancel;
  if (order_.purpose != Purpose::answer) generate.priority = engine::Priority::speculation;
  if (order_.purpose == Purpose::warm_up) generate.max_tokens = 0;
  generator_.submit(
      std::move(generate),
      [job = shared_from_this(), &branch](const engine::TokenEvent& event) {
        return job->take(branch, event);
      },
      [job = shared_from_this(), &branch](Result<engine::GenerateResult> result) {
        job->generated(branch, std::move(result));
      });
}

/// Whether to go on.
bool CompletionJob::take(Branch& branch, const engine::TokenEvent& event) {
  if (branch.ms_first_token == 0) branch.ms_first_token = ms_since(order_.start);
  // A marker in the middle of code (a small model's favourite mistake) ends it.
  if (generator_.tokenizer().is_special(event.id)) return false;
  branch.sum_logprob += event.logprob;
  ++branch.n_tokens;
  if (!branch.draft.rules.feed(event.bytes)) return false;
  const bool is_time = order_.on_update && &branch == branches_.data() &&
                       Clock::now() - last_update_ >= order_.update_interval;
  if (is_time && !order_.cancel.cancelled()) update();
  return true;
}

void CompletionJob::update() {
  last_update_ = Clock::now();
  Branch& branch = branches_[0];
  const auto mean_logprob = static_cast<float>(branch.sum_logprob / branch.n_tokens);
  std::optional<Completion> partial =
      partial_completion(plan_, branch.draft, mean_logprob, secrets_);
  if (!partial) return;
  partial->masked_secrets = order_.masked_secrets;
  partial->tokens = branch.n_tokens;
  partial->ms_first_token = branch.ms_first_token;
  partial->ms_total = ms_since(order_.start);
  order_.on_update(*partial);
}

void CompletionJob::generated(Branch& branch, Result<engine::GenerateResult> result) {
  if (!result) {
    branch.done = tl::unexpected(std::move(result.error()));
  } else if (order_.purpose == Purpose::warm_up) {
    branch.done = nothing_by("warm_up", plan_.cursor);
  } else {
    branch.done = finish_completion(plan_, branch.draft, *result, secrets_);
  }
  if (--n_unfinished_ == 0) finish();
}

void CompletionJob::finish() {
  Branch& first = branches_[0];
  if (!*first.done) return on_done_(*std::move(first.done));
  Completion completion = **std::move(first.done);
  for (size_t i = 1; i < branches_.size(); ++i)
    if (*branches_[i].done) add_alternative(completion, **branches_[i].done);
  completion.masked_secrets = order_.masked_secrets;
  completion.ms_first_token = first.ms_first_token;
  completion.ms_total = ms_since(order_.start);
  on_done_(std::move(completion));
}

}  // namespace fathom::completion
