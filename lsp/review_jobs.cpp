#include "lsp/review_jobs.h"

#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {

void ReviewJobs::start(ReviewTask task, Options options, Reply reply) {
  for (const auto& [id, job] : jobs_) job.request->cancel("another review was asked for");
  const uint64_t id = ++last_job_;
  const std::string own_token =
      options.may_create_token ? fmt::format("fathom/review/{}", id) : std::string();
  const auto request = ModelRequest::start(router_,
                                           {.title = "fathom: reviewing changes",
                                            .counts = true,
                                            .work_done_token = std::move(options.work_done_token),
                                            .own_token = own_token},
                                           std::move(reply));
  jobs_.emplace(id, Job{.request = request, .on_done = std::move(options.on_done)});
  request->wait_for_assistant(models_, post_,
                              [this, id, client = options.client, task = std::move(task)](
                                  const Result<ModelRequest::AssistantPtr>& assistant) {
                                begin(id, client, task, assistant);
                              });
}

void ReviewJobs::update() {
  for (const auto& [id, job] : jobs_) job.request->update(models_);
}

void ReviewJobs::cancel(const RequestId& token) {
  for (const auto& [id, job] : jobs_)
    if (job.request->reports_to(token)) job.request->cancel("cancelled");
}

/// Runs what a review says on the main thread, as long as somebody waits for it.
Poster ReviewJobs::poster_of(uint64_t id) {
  return [this, post = post_, id](std::function<void()> task) {
    post([this, id, task = std::move(task)] {
      const auto job = jobs_.find(id);
      if (job != jobs_.end() && !job->second.request->reply().answered()) task();
    });
  };
}

void ReviewJobs::begin(uint64_t id, uint64_t client, ReviewTask task,
                       const Result<ModelRequest::AssistantPtr>& assistant) {
  if (!assistant) return finish(id, tl::unexpected(assistant.error()));
  const auto post = poster_of(id);
  const auto request = std::weak_ptr(jobs_.at(id).request);
  task.on_begin = [this, post] { post([this] { findings_.clear(); }); };
  task.on_finding = [this, post](PlacedFinding finding) {
    post([this, finding = std::move(finding)] { findings_.add(finding); });
  };
  task.options.baseline = findings_.dismissed();
  task.options.on_progress = [post, request](int done, int total) {
    post([request, done, total] {
      if (const auto open = request.lock()) {
        open->report({{"message", fmt::format("{} of {} parts", done, total)},
                      {"percentage", 100 * done / total}});
      }
    });
  };
  const CancelToken cancel = jobs_.at(id).request->reply().cancel_token();
  (*assistant)
      ->run(client, cancel,
            [this, id, post = post_, task = std::move(task)](const completion::ModelUse& model) {
              post([this, id, outcome = run_review_task(model, task)] { finish(id, outcome); });
            });
}

void ReviewJobs::finish(uint64_t id, Result<ReviewOutcome> outcome) {
  const auto found = jobs_.find(id);
  const Job job = std::move(found->second);
  jobs_.erase(found);
  job.request->end();
  Reply& reply = job.request->reply();
  if (reply.answered()) return;
  if (outcome) {
    settle(*outcome);
  } else {
    log_.warning("review failed: {}", outcome.error().message);
  }
  job.on_done(outcome, std::move(reply));
}

/// Publishes exactly what the review has come to.
void ReviewJobs::settle(ReviewOutcome& outcome) {
  std::set<std::string> fingerprints;
  for (const PlacedFinding& finding : outcome.findings)
    fingerprints.insert(finding.about.fingerprint);
  findings_.keep(fingerprints);
  std::erase_if(outcome.findings, [&](const PlacedFinding& finding) {
    if (findings_.add(finding)) return false;
    outcome.is_complete = false;
    outcome.unreviewed.push_back({.path = finding.about.path,
                                  .lines = finding.about.lines,
                                  .reason = "was edited: save it and review it again"});
    return true;
  });
}

}  // namespace fathom::lsp
