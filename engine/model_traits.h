// What the layers above the engine must know of a model, as data.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

/// Fill-in-the-middle, in the order begin PREFIX hole SUFFIX end, then the model writes the middle.
/// Ids come from the tokenizer (README of DeepSeek-Coder; arXiv:2401.14196, section 3.1).
struct RepositoryMarkers {
  TokenId name = 0;  // before the repository's name
  TokenId file = 0;  // before each file's path
};

struct FimTraits {
  TokenId begin = 0;
  TokenId hole = 0;
  TokenId end = 0;
  /// The model was also trained with holes that begin at the start of the cursor's line, the
  /// middle starting with what is typed of it. Then a keystroke changes only the prompt's end.
  bool line_anchored = false;
  /// What precedes a file's path in the line above its text: "#" for "#src/a.cpp"; "": a comment in
  /// the file's language.
  std::string path_prefix = "#";
  /// How several files are shown; nothing: each under its path line.
  std::optional<RepositoryMarkers> repository;
};

/// How the turns of a conversation are laid out. One encoder each, in completion/chat/; what they
/// look like: docs/prompts.md.
enum class ChatFormat {
  deepseek_coder,  // DeepSeek-Coder v1 and v1.5 instruct
  deepseek_vl2,    // DeepSeek-VL2-small: the same with other habits
  deepseek_v2,     // DeepSeek-LLM chat, V2 chat, Coder-V2 instruct
  deepseek_v2_5,
  deepseek_v3,
  deepseek_r1,
  r1_distill,
  r1_0528,  // DeepSeek-R1-0528 and its Qwen3 distillation
  deepseek_v3_1,
  deepseek_v3_2,
  deepseek_v4,
  chatml,  // Qwen2.5
};

/// "deepseek-r1": what reports call it.
std::string_view name_of(ChatFormat format);

enum class Reasoning {
  none,
  optional,  // the prompt says whether there is any
  own,       // the model opens it itself, or does not
  always,    // the prompt opens it
};

struct ChatTraits {
  ChatFormat format = ChatFormat::deepseek_v3;
  Reasoning reasoning = Reasoning::none;
  std::optional<TokenId> think_begin;
  std::optional<TokenId> think_end;
  std::string default_system;  // the system message of a conversation that has none
  // How the model is best sampled; 0 and 1: greedy.
  float temperature = 0.0f;
  float top_p = 1.0f;
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
  std::string fim_refusal;          // why not, although the tokenizer has the markers
  std::optional<ChatTraits> chat;   // nothing: a base model, or an unknown template
  /// The model has a chat template, but none that fathom knows.
  bool has_unknown_chat_template = false;
};

}  // namespace fathom::engine
