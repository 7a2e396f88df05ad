// Whether a model can fill in the middle, and how.
//
// The tokenizer's markers do not tell: instruct and reasoning models have them from the base model
// and were not trained with them since ("Instruct model can't support FIM", DeepSeek-Coder's issue
// 80). What tells is what the checkpoint is called and what its chat template is: a table, in
// docs/prompts.md too. A model that is not in it and has the markers is taken to know them.

#pragma once

#include <optional>
#include <string>

#include "engine/checkpoint/checkpoint.h"
#include "engine/model_traits.h"

namespace fathom::engine {

class Tokenizer;

struct FimReading {
  std::optional<FimTraits> fim;
  std::string refusal;  // why not, although the tokenizer has the markers; else ""
};

/// `names`: all that the checkpoint is called. `chat`: nothing for a base model. `force`: whatever
/// the table says.
FimReading read_fim_traits(const Tokenizer& tokenizer, const std::string& names,
                           const std::optional<ChatTraits>& chat, bool force);

/// The checkpoint's names in lower case with "-" between words: general.name, general.basename,
/// general.finetune, _name_or_path, and the file or folder.
std::string names_of(const Checkpoint& checkpoint);

}  // namespace fathom::engine
