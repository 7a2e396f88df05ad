// Puts a chat prompt together: the layout, which may have special tokens, and the text of
// messages, which has none.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

class ChatWriter final {
 public:
  /// `tokenizer` must outlive the writer.
  explicit ChatWriter(const engine::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  /// Part of the model's format: special tokens spelled out in it become themselves, as far as the
  /// tokenizer has them.
  ChatWriter& layout(std::string_view text);
  /// Part of a message. Neighbouring pieces of text are encoded as one.
  ChatWriter& text(std::string_view text);
  ChatWriter& token(engine::TokenId id);

  std::vector<engine::TokenId> finish();

 private:
  void flush();

  const engine::Tokenizer& tokenizer_;
  std::string pending_;
  std::vector<engine::TokenId> tokens_;
};

}  // namespace fathom::completion
