// What stands at the other end: which kind of server, which model, and whether its vocabulary is
// the one that prompts are made of.
//
// Threads: that of the client.

#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "completion/remote/http_client.h"
#include "completion/remote/protocol.h"
#include "engine/base/result.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct Discovered {
  std::unique_ptr<Protocol> protocol;
  std::string kind;        // "llama-server", "vLLM", "Ollama", "OpenAI-compatible"
  std::string model;       // as the server calls it
  int context_tokens = 0;  // of one request; 0: it does not say
  int n_slots = 0;         // requests that it computes side by side; 0: it does not say
};

/// `model`: the one that is wanted, of several; "": the only one. Asks for a token or none.
/// Errors: io (no answer), not_found (no such model), unsupported (another vocabulary, or a server
/// that generates nothing), invalid_argument (it wants a token).
boost::asio::awaitable<Result<Discovered>> discover(
    HttpClient& client, HttpCall& call, std::string origin, std::string model,
    std::shared_ptr<const engine::Tokenizer> tokenizer);

/// What a status other than 200 means, for people; `answer` may be of any server.
Error status_error(const std::string& origin, const HttpAnswer& answer);

}  // namespace fathom::completion
