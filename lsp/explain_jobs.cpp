#include "lsp/explain_jobs.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lsp/progress.h"

namespace fathom::lsp {
namespace {

constexpr completion::Role kRole = completion::Role::reasoning;
constexpr size_t kMaxStatusBytes = 80;  // what fits beside a spinner

std::string_view name_of(completion::Channel channel) {
  return channel == completion::Channel::reasoning ? "reasoning" : "answer";
}

/// Keeps the end of the last line that has text in it, so that a status never goes blank.
void append_to_last_line(std::string& line, std::string_view delta) {
  const size_t last = delta.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) {
    if (delta.find('\n') == std::string_view::npos) line += delta;
    return;
  }
  const size_t newline = delta.substr(0, last).find_last_of('\n');
  if (newline != std::string_view::npos) {
    line = delta.substr(newline + 1);
  } else {
    line += delta;
  }
  if (line.size() <= kMaxStatusBytes) return;
  size_t cut = line.size() - kMaxStatusBytes;
  while (cut < line.size() && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) ++cut;
  line.erase(0, cut);
}

}  // namespace

void ExplainJobs::start(completion::ExplainRequest request, Options options, Reply reply) {
  if (jobs_.size() >= kMaxRunning) {
    return reply.fail(RpcError::request_failed,
                      fmt::format("{} explanations are being written already; wait for one or "
                                  "cancel one",
                                  jobs_.size()));
  }
  const uint64_t job = ++last_job_;
  Job started{.options = std::move(options),
              .reply = std::move(reply),
              .answer_now = {},
              .token = {},
              .last_line = {}};
  request.cancel = started.reply.cancel_token();
  request.answer_now = started.answer_now.token();
  const bool creates_token = !started.options.work_done_token && started.options.may_create_token;
  if (started.options.work_done_token) {
    started.token = started.options.work_done_token;
    begin_progress(router_, *started.token, started.options.title, /*cancellable=*/true);
  }
  jobs_.emplace(job, std::move(started));
  if (creates_token) create_token(job);
  update();
  models_.when_ready(kRole, [this, post = post_, job, request = std::move(request)](
                                const Result<std::shared_ptr<completion::Assistant>>& assistant) {
    post([this, job, request, assistant] { begin(job, request, assistant); });
  });
}

void ExplainJobs::update() {
  if (jobs_.empty()) return;
  const completion::ModelState state = models_.state(kRole);
  if (state.phase != completion::ModelState::Phase::loading) return;
  for (const auto& [id, job] : jobs_) {
    if (!job.waits || !job.token || job.reply.answered()) continue;
    report_progress(
        router_, *job.token,
        {{"message", fmt::format("loading the model, {} %", int(state.progress * 100))}});
  }
}

void ExplainJobs::begin(uint64_t id, completion::ExplainRequest request,
                        const Result<std::shared_ptr<completion::Assistant>>& assistant) {
  Job& job = jobs_.at(id);
  job.waits = false;
  if (job.reply.answered()) return finish(id, fail(ErrorCode::cancelled, "cancelled"));
  if (!assistant) {
    return finish(id, fail(assistant.error().code, "the model could not be loaded: {}",
                           assistant.error().message));
  }
  (*assistant)
      ->explain(
          std::move(request),
          [this, post = post_, id](completion::Channel channel, std::string_view delta) {
            post([this, id, channel, delta = std::string(delta)] { report(id, channel, delta); });
          },
          [this, post = post_, id](Result<completion::Explanation> result) {
            post([this, id, result = std::move(result)] { finish(id, result); });
          });
}

/// So that a client which shows progress has a cancel button and sees what is written.
void ExplainJobs::create_token(uint64_t id) {
  const std::string token = fmt::format("fathom/assist/{}", id);
  router_.request("window/workDoneProgress/create", {{"token", token}}, [this, id, token](bool ok) {
    const auto job = jobs_.find(id);
    if (!ok || job == jobs_.end()) return;
    job->second.token = token;
    begin_progress(router_, token, job->second.options.title, /*cancellable=*/true);
  });
}

void ExplainJobs::cancel(const RequestId& token) {
  for (auto& [id, job] : jobs_) {
    if (job.token != token) continue;
    job.reply.cancel_work();
    job.reply.fail(RpcError::request_cancelled, "cancelled");
  }
}

void ExplainJobs::answer_now(const RequestId& token) {
  for (auto& [id, job] : jobs_)
    if (job.token == token) job.answer_now.cancel();
}

void ExplainJobs::report(uint64_t id, completion::Channel channel, const std::string& delta) {
  Job& job = jobs_.at(id);
  if (job.reply.answered()) return;
  if (job.options.on_delta) job.options.on_delta(channel, delta);
  if (!job.token) return;
  append_to_last_line(job.last_line, delta);
  report_progress(
      router_, *job.token,
      {{"message", job.last_line}, {"fathom", {{"channel", name_of(channel)}, {"delta", delta}}}});
}

void ExplainJobs::finish(uint64_t id, const Result<completion::Explanation>& result) {
  const auto found = jobs_.find(id);
  Job job = std::move(found->second);
  jobs_.erase(found);
  if (job.token) end_progress(router_, *job.token, {});
  if (job.options.on_end) job.options.on_end();
  if (job.reply.answered()) return;

  if (!result) {
    const bool cancelled = result.error().code == ErrorCode::cancelled;
    if (!cancelled) log_.warning("explanation failed: {}", result.error().message);
    return job.reply.fail(cancelled ? RpcError::request_cancelled : RpcError::request_failed,
                          result.error().message);
  }
  job.options.on_answer(*result, std::move(job.reply));
}

}  // namespace fathom::lsp
