#include "lsp/completion_jobs.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/suggestion_cache.h"

namespace fathom::lsp {

void CompletionJobs::start(completion::Assistant& assistant, completion::CompletionRequest request,
                           Render render, Reply reply, Early early) {
  if (answer_from_running(request, render, reply)) return;
  const std::string uri = request.snapshot->uri;
  stop(uri);
  if (newest_.size() >= kMaxRunning) stop_oldest();
  const uint64_t job = ++last_job_;
  request.cancel = reply.cancel_token();
  const std::chrono::milliseconds budget = early.budget;
  completion::Assistant::OnUpdate on_update;
  if (budget.count() > 0) {
    on_update = [this, post = post_, job](const completion::Completion& ready) {
      post([this, job, ready] { update(job, ready); });
    };
  }
  jobs_.emplace(job, Job{.snapshot = request.snapshot,
                         .cursor = request.cursor,
                         .render = std::move(render),
                         .reply = std::move(reply),
                         .early = std::move(early),
                         .ready = {}});
  newest_[uri] = job;
  if (on_update) transport_.call_after(budget, [this, job] { run_out(job); });
  assistant.complete(std::move(request), std::move(on_update),
                     [this, post = post_, job](Result<completion::Completion> result) {
                       post([this, job, result = std::move(result)] { finish(job, result); });
                     });
}

/// Whether the user types along what was shown of the document's running completion: then that one
/// goes on.
bool CompletionJobs::answer_from_running(const completion::CompletionRequest& request,
                                         const Render& render, Reply& reply) {
  const auto newest = newest_.find(request.snapshot->uri);
  if (newest == newest_.end()) return false;
  Job& job = jobs_.at(newest->second);
  if (job.n_answered == 0) return false;
  completion::SuggestionCache shown;
  shown.add(*job.snapshot, job.cursor, job.ready);
  const std::optional<completion::Completion> rest = shown.find(*request.snapshot, request.cursor);
  if (!rest) return false;
  job.n_answered = job.ready.text.size();
  reply.ok(render(*rest));
  return true;
}

void CompletionJobs::update(uint64_t id, const completion::Completion& ready) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  found->second.ready = ready;
  if (found->second.is_late) answer_early(found->second);
}

void CompletionJobs::run_out(uint64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  found->second.is_late = true;
  if (!found->second.ready.text.empty()) answer_early(found->second);
}

void CompletionJobs::answer_early(Job& job) {
  if (job.reply.answered()) return;
  job.n_answered = job.ready.text.size();
  job.reply.ok(job.render(job.ready));
}

void CompletionJobs::stop(const std::string& uri) {
  const auto newest = newest_.find(uri);
  if (newest == newest_.end()) return;
  Job& job = jobs_.at(newest->second);
  newest_.erase(newest);
  job.reply.cancel_work();
  job.n_answered = 0;  // nobody wants to know of more
  job.reply.ok(job.render({}));
}

void CompletionJobs::stop_oldest() {
  const auto oldest =
      std::ranges::min_element(newest_, {}, [](const auto& job) { return job.second; });
  stop(std::string(oldest->first));
}

void CompletionJobs::finish(uint64_t id, const Result<completion::Completion>& result) {
  const auto found = jobs_.find(id);
  Job job = std::move(found->second);
  jobs_.erase(found);
  const std::string& uri = job.snapshot->uri;
  if (const auto newest = newest_.find(uri); newest != newest_.end() && newest->second == id)
    newest_.erase(newest);
  const bool is_more = job.n_answered > 0 && result &&
                       (result->text.size() > job.n_answered || !result->alternatives.empty());
  if (is_more) job.early.on_extended();
  if (job.reply.answered()) return;

  if (!result) {
    log_.warning("no completion for {}: {}", uri, result.error().message);
    return job.reply.ok(job.render({}));
  }
  log_.debug("completion for {}: {} tokens in {:.1f} ms, {}", uri, result->tokens, result->ms_total,
             result->stop);
  job.reply.ok(job.render(*result));
}

}  // namespace fathom::lsp
