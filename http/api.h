// The routes of the HTTP API: fathom's models for other programs on this machine, in the shapes of
// OpenAI's and llama-server's APIs. docs/http.md lists them.
//
// Sources: https://platform.openai.com/docs/api-reference,
// https://github.com/ggml-org/llama.cpp/tree/master/tools/server
//
// Threads: any.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "completion/model_host.h"
#include "http/exchange.h"
#include "http/job_count.h"

namespace fathom::http {

/// What handlers work with. `models` outlives every exchange.
struct Api {
  completion::ModelHost& models;
  /// Calls back, on any thread, with a page in Prometheus' text format; null: there is none.
  std::function<void(std::function<void(std::string)>)> metrics;
  std::shared_ptr<JobCount> jobs = std::make_shared<JobCount>(64);
};

/// Finds the route and answers; what is not there is answered with 404 or 405.
void answer(const Api& api, const ExchangePtr& exchange);

}  // namespace fathom::http
