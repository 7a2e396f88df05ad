#include "lsp/completion_jobs.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::lsp {

void CompletionJobs::start(completion::Assistant& assistant, completion::CompletionRequest request,
                           Render render, Reply reply) {
  const std::string uri = request.snapshot->uri;
  stop(uri);
  if (newest_.size() >= kMaxRunning) stop_oldest();
  const uint64_t job = ++last_job_;
  request.cancel = reply.cancel_token();
  jobs_.emplace(job, Job{.uri = uri, .render = std::move(render), .reply = std::move(reply)});
  newest_[uri] = job;
  assistant.complete(std::move(request),
                     [this, post = post_, job](Result<completion::Completion> result) {
                       post([this, job, result = std::move(result)] { finish(job, result); });
                     });
}

void CompletionJobs::stop(const std::string& uri) {
  const auto newest = newest_.find(uri);
  if (newest == newest_.end()) return;
  Job& job = jobs_.at(newest->second);
  newest_.erase(newest);
  job.reply.cancel_work();
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
  if (const auto newest = newest_.find(job.uri); newest != newest_.end() && newest->second == id)
    newest_.erase(newest);
  if (job.reply.answered()) return;

  if (!result) {
    log_.warning("no completion for {}: {}", job.uri, result.error().message);
    return job.reply.ok(job.render({}));
  }
  log_.debug("completion for {}: {} tokens in {:.1f} ms, {}", job.uri, result->tokens,
             result->ms_total, result->stop);
  job.reply.ok(job.render(*result));
}

}  // namespace fathom::lsp
