// What the layers above the engine must know of a model, as data.

#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

/// Fill-in-the-middle, in the order begin PREFIX hole SUFFIX end, then the model writes the middle.
/// Ids come from the tokenizer (README of DeepSeek-Coder; arXiv:2401.14196, section 3.1).
struct FimTraits {
  TokenId begin = 0;
  TokenId hole = 0;
  TokenId end = 0;
  /// The model was also trained with holes that begin at the start of the cursor's line, the
  /// middle starting with what is typed of it. Then a keystroke changes only the prompt's end.
  bool line_anchored = false;
  /// What precedes a file's path in the line above its text: "#" for "#src/a.cpp".
  std::string path_prefix = "#";
};

/// A chat prompt as pieces: special tokens by id, text that is encoded as text, and the place of
/// the user's message.
struct UserMessage {};
using ChatPiece = std::variant<TokenId, std::string, UserMessage>;

struct ChatTraits {
  std::vector<ChatPiece> prompt;  // without BOS
  /// The prompt ends inside the reasoning: the model starts to think at once.
  bool opens_reasoning = false;
  std::optional<TokenId> think_begin;
  std::optional<TokenId> think_end;
};

struct ModelTraits {
  std::string name;          // general.name, or the folder's name
  std::string architecture;  // as the checkpoint calls it
  int context_length = 0;    // tokens the model can attend to
  int vocab_size = 0;
  bool adds_bos = false;
  TokenId bos = 0;                  // meaningful if adds_bos
  std::vector<TokenId> end_tokens;  // generation stops at any of these
  std::optional<FimTraits> fim;     // nothing: not trained to fill in
  std::optional<ChatTraits> chat;   // nothing: a base model
};

}  // namespace fathom::engine
