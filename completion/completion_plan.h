// From a cursor to a request for the generator, and from the generated text to a suggestion.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "completion/assistant.h"
#include "completion/context/cross_file.h"
#include "completion/document.h"
#include "completion/privacy/secret_finder.h"
#include "completion/stop_rules.h"
#include "completion/syntax/syntax_guard.h"
#include "engine/generator.h"

namespace fathom::completion {

/// Everything a completion needs while it is generated, the same for all its suggestions. Moves
/// from the context thread to the generator's with the job.
struct CompletionPlan {
  SnapshotPtr snapshot;
  size_t cursor = 0;
  float min_logprob = 0;               // mean of the tokens'; hidden below
  bool one_line = false;               // is wanted, even if it opens a block
  engine::GenerateRequest generate;    // without its cancel token
  std::shared_ptr<SyntaxGuard> guard;  // nullptr: the text has errors, or no syntax
  std::function<StopRules()> rules;    // of one suggestion
  std::vector<ContextPiece> context;
};

/// One suggestion while it is generated.
struct Draft {
  explicit Draft(const CompletionPlan& plan) : rules(plan.rules()) {}

  StopRules rules;
  std::string shown;  // by partial_completion(): only extended from then on
};

/// Most tokens for pieces of other files in a request of that size.
int cross_file_tokens(int max_request_tokens);

/// Parses, decides between line and block, gathers context, builds the prompt. `document` may be
/// nullptr (language not supported). `pieces`: of other files, as CrossFile chose them.
/// `max_request_tokens`: prompt and answer together.
/// The cursor must be in the text.
CompletionPlan plan_completion(const CompletionRequest& request, Document* document,
                               std::span<const CrossFilePiece> pieces,
                               const engine::ModelTraits& traits,
                               const engine::Tokenizer& tokenizer, int max_request_tokens);

/// What can be shown before the text is complete, if that is more than was shown already: whole
/// lines of a block, whole words of a line, past the same filters as the result. Only where nothing
/// is behind the cursor on its line. `mean_logprob`: of the tokens so far.
std::optional<Completion> partial_completion(const CompletionPlan& plan, Draft& draft,
                                             float mean_logprob, const SecretFinder& secrets);

/// The suggestion that comes of the draft's rules, fed with what was generated.
Completion finish_completion(const CompletionPlan& plan, Draft& draft,
                             const engine::GenerateResult& result, const SecretFinder& secrets);

}  // namespace fathom::completion
