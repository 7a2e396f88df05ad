// Completions that are being computed.
//
// The newest request of a document wins: when it starts, the older one is told to stop and
// answered as if there were nothing to suggest. An empty list and no error, because clients that
// send a new request without cancelling the old one (Neovim 0.12) log errors.
//
// A client has a few completions at a time: one more, and the oldest is answered like that too. So
// a client that asks for everything at once keeps nobody waiting.
//
// A completion that takes longer than its budget is answered with the part that is ready, and goes
// on: the next request is answered from what is there as long as the user types along. Once it is
// complete the client is told that there is more.
//
// Main thread only. The assistant's answers come on its threads and are posted here.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "completion/assistant.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/event_loop.h"
#include "lsp/json.h"
#include "lsp/reply.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class CompletionJobs final {
 public:
  /// The result of a request in the shape of its method; a Completion without text: nothing to
  /// suggest.
  using Render = std::function<Json(const completion::Completion&)>;

  static constexpr size_t kMaxRunning = 8;

  CompletionJobs(Transport& transport, Log& log)
      : transport_(transport), post_(transport.poster()), log_(log) {}

  struct Early {
    std::chrono::milliseconds budget{0};  // then what is ready is the answer; 0: never
    std::function<void()> on_extended;    // there is more than the answer had
  };

  /// `request.cancel` is set here.
  void start(completion::Assistant& assistant, completion::CompletionRequest request, Render render,
             Reply reply, Early early);
  /// Stops and answers what runs for a document.
  void stop(const std::string& uri);

 private:
  struct Job {
    completion::SnapshotPtr snapshot;
    size_t cursor = 0;
    Render render;
    Reply reply;
    Early early;
    bool is_late = false;          // the budget is spent
    completion::Completion ready;  // what there is so far
    size_t n_answered = 0;         // bytes of it that were an answer; 0: none was
  };

  void stop_oldest();
  bool answer_from_running(const completion::CompletionRequest& request, const Render& render,
                           Reply& reply);
  void update(uint64_t job, const completion::Completion& ready);
  void run_out(uint64_t job);
  void answer_early(Job& job);
  void finish(uint64_t job, const Result<completion::Completion>& result);

  Transport& transport_;
  const Poster post_;
  Log& log_;
  std::unordered_map<uint64_t, Job> jobs_;            // until the assistant has answered
  std::unordered_map<std::string, uint64_t> newest_;  // by document
  uint64_t last_job_ = 0;
};

}  // namespace fathom::lsp
