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

/// What the prompt says of where the file is.
struct PromptPlace {
  std::string path;        // of the file with the cursor
  std::string repository;  // name of the folder with all files; may be ""
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
/// Other files of the repository come before HEAD, each under its path line and with an empty line
/// behind it, as DeepSeek-Coder's README shows; for a model with a file separator before `begin`,
/// as Qwen2.5-Coder's README shows:
///
///   BOS repo NAME separator PATH TEXT ... separator PATH begin HEAD ...
///
/// Special tokens come from the traits, by id; file text is encoded as text.
CompletionPrompt completion_prompt(const Context& context, const PromptPlace& place,
                                   const engine::ModelTraits& traits,
                                   const engine::Tokenizer& tokenizer);

/// The line that names the file above its text: in a model's own form, else as a comment.
/// "" without a path, or where neither exists.
std::string path_line(const Snapshot& snapshot, const Language* language,
                      const engine::ModelTraits& traits);

}  // namespace fathom::completion
