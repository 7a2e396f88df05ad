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

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "completion/remote/protocol.h"
#include "engine/generation_record.h"

namespace fathom::completion {

class RemoteJob final {
 public:
  /// What the prompt and what is generated must be made of.
  struct Model {
    const engine::Tokenizer& tokenizer;
    const engine::ModelTraits& traits;
    int context_tokens = 0;
    Abilities can;
  };

  RemoteJob(engine::GenerateRequest request, engine::Generator::OnToken on_token,
            engine::Generator::OnDone on_done, const Model& model);

  const engine::GenerateRequest& request() const { return record_.request(); }
  int n_generated() const { return record_.n_sampled(); }
  bool finished() const { return record_.finished(); }

  /// What to ask next. Errors: invalid_argument (a prompt that is none), unsupported (no token
  /// fits, or the server cannot choose among those that do).
  Result<Ask> next();

  /// The first answer to what was asked begins to come.
  void begin(int reused_tokens);
  /// Takes the next token of the answer. False: the rest of the answer is of no use; ask again
  /// unless finished(). Errors: unsupported (the server does not keep to what it was asked).
  Result<bool> take(const ServerToken& token);
  /// Takes reasoning that the server keeps apart, as what the model itself would have written.
  /// Returns as above.
  bool take_reasoning(std::string_view text);
  /// The model has ended its text. Ask again unless finished().
  void ended();
  /// All of what was asked for has come.
  void answered();

  /// Calls on_done, once; the job is over.
  void finish() { record_.finish(); }
  void fail(Error error) { record_.fail(std::move(error)); }

 private:
  Status check() const;
  bool is_bound() const;
  bool forbids_end() const;
  bool fits(engine::TokenId id) const;
  std::vector<engine::TokenId> fitting_tokens() const;
  std::optional<Candidate> choose(const ServerToken& token);
  std::optional<Candidate> choose_exactly(const ServerToken& token);
  float among_fitting(const Candidate& chosen, const ServerToken& token) const;
  void accept(const Candidate& token);
  void accept_all(std::span<const engine::TokenId> ids);
  enum class Thought { not_begun, open, closed };
  Thought thought() const;

  const Model model_;
  engine::GenerationRecord record_;

  std::vector<engine::TokenId> given_;  // forced_prefix, where the server cannot choose
  int burst_ = 1;                       // tokens to ask for where the text is bound
  bool exact_ = false;                  // the next one is asked for among all that fit
  int rank_left_ = 0;                   // likelier tokens to pass by, of the first
  std::vector<engine::TokenId> passed_by_;
  bool thinks_apart_ = false;  // the server keeps reasoning apart
  bool may_not_end_ = false;   // it has tried to where it may not
  bool progress_ = false;      // of the answer that is coming, something was of use
};

}  // namespace fathom::completion
