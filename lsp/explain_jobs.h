// Explanations that are being written.
//
// Where the client shows progress every piece of text goes out as a report of it
// (docs/lsp-extensions.md has the shape); the reply carries the whole. Several may run beside each
// other and beside completions. One that is asked for while the model loads waits for it.
//
// Main thread only. The assistant's pieces come on its threads and are posted here.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "completion/assistant.h"
#include "engine/base/cancel.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/client_models.h"
#include "lsp/event_loop.h"
#include "lsp/json_rpc.h"
#include "lsp/model_request.h"
#include "lsp/reply.h"
#include "lsp/router.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class ExplainJobs final {
 public:
  using OnDelta = std::function<void(completion::Channel, std::string_view)>;
  using OnAnswer = std::function<void(const completion::Explanation&, Reply)>;

  struct Options {
    std::string title;                         // of the progress
    std::optional<RequestId> work_done_token;  // the client's
    bool may_create_token = false;             // if it gave none: ask it to take one of ours
    OnDelta on_delta;                          // may be null
    std::function<void()> on_end;              // however it ends, cancelled too; may be null
    OnAnswer on_answer;                        // it ended well and is still waited for
  };

  static constexpr size_t kMaxRunning = 4;  // of a client; more are refused

  ExplainJobs(Transport& transport, Router& router, ClientModels& models, Log& log)
      : post_(transport.poster()), router_(router), models_(models), log_(log) {}

  /// `request.cancel` is set here.
  void start(completion::ExplainRequest request, Options options, Reply reply);
  /// How far the model is that explanations may wait for.
  void update();
  /// The client's cancel button: stops the explanation that reports to this token.
  void cancel(const RequestId& token);
  /// Ends the reasoning of the explanation that reports to this token: its answer begins.
  void answer_now(const RequestId& token);

 private:
  struct Job {
    std::shared_ptr<ModelRequest> request;
    OnDelta on_delta;
    std::function<void()> on_end;
    OnAnswer on_answer;
    CancelSource answer_now;
    std::string last_line;  // of what was written so far, as a status for people
  };

  void begin(uint64_t job, completion::ExplainRequest request,
             const Result<ModelRequest::AssistantPtr>& assistant);
  void report(uint64_t job, completion::Channel channel, const std::string& delta);
  void finish(uint64_t job, const Result<completion::Explanation>& result);

  const Poster post_;
  Router& router_;
  ClientModels& models_;
  Log& log_;
  std::unordered_map<uint64_t, Job> jobs_;  // until the assistant has answered
  uint64_t last_job_ = 0;
};

}  // namespace fathom::lsp
