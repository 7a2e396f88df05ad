// The prompt of a completion in the layout of the model at hand.

#pragma once

#include <string>
#include <vector>

#include "completion/context/context.h"
#include "engine/model_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct CompletionPrompt {
  std::vector<engine::TokenId> tokens;
  std::string forced_prefix;  // what the generated text must begin with: typed already
};

/// Fill in the middle, if the model was trained to:
///
///   BOS begin HEAD line hole SUFFIX end            cut at the cursor
///   BOS begin HEAD hole SUFFIX end line            line-anchored
///
/// where `line` is what is typed on the cursor's line without its last, forced token. A
/// line-anchored prompt only grows while its line is typed. Any other model continues BOS HEAD
/// line and does not see the suffix.
///
/// Special tokens come from the traits, by id; file text is encoded as text.
CompletionPrompt completion_prompt(const Context& context, const engine::ModelTraits& traits,
                                   const engine::Tokenizer& tokenizer);

/// The line that names the file above its text: in a model's own form, else as a comment.
/// "" without a path.
std::string path_line(const Snapshot& snapshot, const Language* language,
                      const engine::ModelTraits& traits);

}  // namespace fathom::completion
