// How a kind of server is asked for tokens, and what its answers mean.
//
// Threads: the generator's.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/generator.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

/// What a server is asked for, in its own way.
struct Ask {
  std::vector<engine::TokenId> prompt;
  int n_tokens = 0;      // 0: only computes the prompt
  int n_candidates = 1;  // the likeliest at each place, to choose from
  bool stream = false;
  bool forbid_end = false;            // the text may not end
  std::vector<engine::TokenId> only;  // the next token must be one of these; empty: any
  engine::SamplingParams sampling;
  /// What the prompt begins with, where that is a conversation.
  std::shared_ptr<const engine::Conversation> conversation;
  std::string schema;  // of JSON that is wanted, of a server that cannot choose; "": any text
};

using engine::Candidate;

/// One place of the text.
struct ServerToken {
  engine::TokenId id = 0;
  float logprob = 0;                  // 0: the server does not say
  std::vector<Candidate> candidates;  // the likeliest first; empty: the server does not say
};

/// An event of a stream, or a whole answer.
struct ServerReply {
  std::string reasoning;  // before the tokens, where the server keeps it apart
  std::vector<ServerToken> tokens;
  bool done = false;      // nothing follows
  bool ended = false;     // the model ended its text
  int reused_tokens = 0;  // of the prompt
};

/// What a kind of server can be asked for.
struct Abilities {
  bool chooses = false;       // among candidates; keeps to `only` and `forbid_end`
  bool takes_prompts = true;  // else it lays them out by itself; one alone is not computed
  bool completes = true;      // else it only talks
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual Abilities abilities() const = 0;
  virtual std::string path(const Ask& ask) const = 0;
  virtual std::string body(const Ask& ask) const = 0;
  /// Of one event, or of an answer that is no stream. Errors: corrupt (not what such a server
  /// says), io (the server says that it failed, and why).
  virtual Result<ServerReply> read(std::string_view data) const = 0;
};

std::unique_ptr<Protocol> llama_server_protocol(std::shared_ptr<const engine::Tokenizer> tokenizer);

/// What an OpenAI-compatible server has beyond the least.
struct OpenAiFeatures {
  std::string model;         // "": the server's only one
  bool takes_tokens = true;  // as a prompt; else text
  /// vLLM's extensions: candidates by their ids, tokens that are allowed.
  bool has_token_ids = false;
  /// It lays prompts out by itself: takes conversations, and the text on both sides of a hole.
  bool lays_out = false;
  bool completes = true;  // else it has only /v1/chat/completions
};

std::unique_ptr<Protocol> openai_protocol(std::shared_ptr<const engine::Tokenizer> tokenizer,
                                          OpenAiFeatures features);

}  // namespace fathom::completion
