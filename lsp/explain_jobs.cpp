#include "lsp/explain_jobs.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fathom::lsp {
namespace {

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
  const uint64_t id = ++last_job_;
  const std::string own_token =
      options.may_create_token ? fmt::format("fathom/assist/{}", id) : std::string();
  Job job{.request = ModelRequest::start(router_,
                                         {.title = std::move(options.title),
                                          .work_done_token = std::move(options.work_done_token),
                                          .own_token = own_token},
                                         std::move(reply)),
          .on_delta = std::move(options.on_delta),
          .on_end = std::move(options.on_end),
          .on_answer = std::move(options.on_answer),
          .answer_now = {},
          .last_line = {}};
  request.cancel = job.request->reply().cancel_token();
  request.answer_now = job.answer_now.token();
  const auto waiting = jobs_.emplace(id, std::move(job)).first->second.request;
  waiting->wait_for_assistant(
      models_, post_,
      [this, id, request = std::move(request)](
          const Result<ModelRequest::AssistantPtr>& assistant) { begin(id, request, assistant); });
}

void ExplainJobs::update() {
  for (const auto& [id, job] : jobs_) job.request->update(models_);
}

void ExplainJobs::begin(uint64_t id, completion::ExplainRequest request,
                        const Result<ModelRequest::AssistantPtr>& assistant) {
  if (!assistant) return finish(id, tl::unexpected(assistant.error()));
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

void ExplainJobs::cancel(const RequestId& token) {
  for (const auto& [id, job] : jobs_)
    if (job.request->reports_to(token)) job.request->cancel("cancelled");
}

void ExplainJobs::answer_now(const RequestId& token) {
  for (auto& [id, job] : jobs_)
    if (job.request->reports_to(token)) job.answer_now.cancel();
}

void ExplainJobs::report(uint64_t id, completion::Channel channel, const std::string& delta) {
  Job& job = jobs_.at(id);
  if (job.request->reply().answered()) return;
  if (job.on_delta) job.on_delta(channel, delta);
  append_to_last_line(job.last_line, delta);
  job.request->report(
      {{"message", job.last_line}, {"fathom", {{"channel", name_of(channel)}, {"delta", delta}}}});
}

void ExplainJobs::finish(uint64_t id, const Result<completion::Explanation>& result) {
  const auto found = jobs_.find(id);
  Job job = std::move(found->second);
  jobs_.erase(found);
  job.request->end();
  if (job.on_end) job.on_end();
  Reply& reply = job.request->reply();
  if (reply.answered()) return;

  if (!result) {
    const bool cancelled = result.error().code == ErrorCode::cancelled;
    if (!cancelled) log_.warning("explanation failed: {}", result.error().message);
    return reply.fail(cancelled ? RpcError::request_cancelled : RpcError::request_failed,
                      result.error().message);
  }
  job.on_answer(*result, std::move(reply));
}

}  // namespace fathom::lsp
