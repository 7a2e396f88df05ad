// One request and what has become of it: what the server is asked next, and which of its tokens
// are taken.
//
// The server decodes freely. Where a request binds the text (token healing, a form, a later rank)
// each token is looked at: one that fits is taken; if it does not, the likeliest of the server's
// candidates that does is taken and the server is asked again, with the text so far as its prompt,
// which it finds in its cache. If no candidate fits, it is asked for the likeliest of all tokens
// that do. So the text is the one that the engine here decodes, without the server knowing of
// grammars.
//
// Threads: the generator's.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "completion/remote/protocol.h"
#include "engine/generator.h"
#include "engine/stop_strings.h"

namespace fathom::completion {

class RemoteJob final {
 public:
  /// What the prompt and what is generated must be made of.
  struct Model {
    const engine::Tokenizer& tokenizer;
    const engine::ModelTraits& traits;
    int context_tokens = 0;
    bool chooses = true;  // as Protocol::chooses()
  };

  RemoteJob(engine::GenerateRequest request, engine::Generator::OnToken on_token,
            engine::Generator::OnDone on_done, const Model& model);

  const engine::GenerateRequest& request() const { return request_; }
  int n_generated() const { return n_sampled_; }
  bool finished() const { return stop_.has_value(); }

  /// What to ask next. Errors: invalid_argument (a prompt that is none), unsupported (no token
  /// fits, or the server cannot choose among those that do).
  Result<Ask> next();

  /// The first answer to what was asked begins to come.
  void begin(int reused_tokens);
  /// Takes the next token of the answer. False: the rest of the answer is of no use; ask again
  /// unless finished(). Errors: unsupported (the server does not keep to what it was asked).
  Result<bool> take(const ServerToken& token);
  /// The model has ended its text. Ask again unless finished().
  void ended();
  /// All of what was asked for has come.
  void answered();

  /// Calls on_done, once; the job is over.
  void finish();
  void fail(Error error);

 private:
  using Clock = std::chrono::steady_clock;

  Status check() const;
  bool is_bound() const;
  bool forbids_end() const;
  bool fits(engine::TokenId id) const;
  bool is_end_token(engine::TokenId id) const;
  std::vector<engine::TokenId> fitting_tokens() const;
  std::optional<Candidate> choose(const ServerToken& token);
  std::optional<Candidate> choose_exactly(const ServerToken& token);
  float among_fitting(const Candidate& chosen, const ServerToken& token) const;
  void accept(const Candidate& token);

  engine::GenerateRequest request_;
  const engine::Generator::OnToken on_token_;
  engine::Generator::OnDone on_done_;
  const Model model_;

  std::vector<engine::TokenId> tokens_;  // with the prompt
  std::string forced_rest_;              // of forced_prefix, not generated yet
  std::vector<engine::TokenId> given_;   // forced_prefix, where the server cannot choose
  engine::StopStrings stop_strings_;
  std::optional<engine::StopReason> stop_;
  int burst_ = 1;       // tokens to ask for where the text is bound
  bool exact_ = false;  // the next one is asked for among all that fit
  int rank_left_ = 0;   // likelier tokens to pass by, of the first
  std::vector<engine::TokenId> passed_by_;
  bool may_not_end_ = false;  // it has tried to where it may not
  bool progress_ = false;     // of the answer that is coming, something was of use
  double sum_logprob_ = 0;
  int n_sampled_ = 0;
  int n_reused_ = -1;  // -1: not begun
  Clock::time_point submitted_ = Clock::now();
  Clock::time_point first_token_ = submitted_;
};

}  // namespace fathom::completion
