// Completions that are being computed.
//
// The newest request of a document wins: when it starts, the older one is told to stop and
// answered as if there were nothing to suggest. An empty list and no error, because clients that
// send a new request without cancelling the old one (Neovim 0.12) log errors.
//
// Main thread only. The assistant's answers come on its threads and are posted here.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

#include "completion/assistant.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/json.h"
#include "lsp/reply.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class CompletionJobs final {
 public:
  /// The result of a request in the shape of its method; a Completion without text: nothing to
  /// suggest.
  using Render = std::function<Json(const completion::Completion&)>;

  CompletionJobs(Transport& transport, Log& log) : transport_(transport), log_(log) {}

  /// `request.cancel` is set here.
  void start(completion::Assistant& assistant, completion::CompletionRequest request, Render render,
             Reply reply);
  /// Stops and answers what runs for a document.
  void stop(const std::string& uri);

 private:
  struct Job {
    std::string uri;
    Render render;
    Reply reply;
  };

  void finish(uint64_t job, const Result<completion::Completion>& result);

  Transport& transport_;
  Log& log_;
  std::unordered_map<uint64_t, Job> jobs_;            // until the assistant has answered
  std::unordered_map<std::string, uint64_t> newest_;  // by document
  uint64_t last_job_ = 0;
};

}  // namespace fathom::lsp
