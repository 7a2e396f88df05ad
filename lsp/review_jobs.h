// A client's review that is under way: one, because a newer one ends it.
//
// It runs on a thread of the model's (Assistant::run), and what it finds comes here, to be
// published at once. A new review takes the findings of the last one away as soon as it has
// something to look at.
//
// Main thread only.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/client_models.h"
#include "lsp/event_loop.h"
#include "lsp/json_rpc.h"
#include "lsp/model_request.h"
#include "lsp/reply.h"
#include "lsp/review_findings.h"
#include "lsp/review_task.h"
#include "lsp/router.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class ReviewJobs final {
 public:
  using OnDone = std::function<void(const Result<ReviewOutcome>&, Reply)>;

  struct Options {
    uint64_t client = 0;  // as in completion::DocumentId
    std::optional<RequestId> work_done_token;
    bool may_create_token = false;  // if it gave none: ask it to take one of ours
    /// It has ended, well or not, and is still waited for. Findings of the outcome that are not on
    /// lines of an open document any more have become Unreviewed.
    OnDone on_done;
  };

  ReviewJobs(Transport& transport, Router& router, ClientModels& models, ReviewFindings& findings,
             Log& log)
      : post_(transport.poster()),
        router_(router),
        models_(models),
        findings_(findings),
        log_(log) {}

  /// What calls back or cancels is set here.
  void start(ReviewTask task, Options options, Reply reply);
  /// How far the model is that a review may wait for.
  void update();
  /// The client's cancel button.
  void cancel(const RequestId& token);

 private:
  struct Job {
    std::shared_ptr<ModelRequest> request;
    OnDone on_done;
  };

  void begin(uint64_t job, uint64_t client, ReviewTask task,
             const Result<ModelRequest::AssistantPtr>& assistant);
  void finish(uint64_t job, Result<ReviewOutcome> outcome);
  void settle(ReviewOutcome& outcome);
  Poster poster_of(uint64_t job);

  const Poster post_;
  Router& router_;
  ClientModels& models_;
  ReviewFindings& findings_;
  Log& log_;
  std::unordered_map<uint64_t, Job> jobs_;  // until their work has ended
  uint64_t last_job_ = 0;
};

}  // namespace fathom::lsp
