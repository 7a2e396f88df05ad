#include "completion/prompt/explain_prompt.h"

#include <fmt/format.h>

#include "completion/lines.h"
#include "completion/syntax/language.h"
#include "engine/base/assert.h"

namespace fathom::completion {
namespace {

std::string_view chat_name(const Snapshot& snapshot) {
  if (const Language* language = find_language(snapshot.language, snapshot.path)) {
    return language->chat_name;
  }
  return snapshot.language.empty() ? std::string_view("text") : std::string_view(snapshot.language);
}

}  // namespace

std::string explain_message(const Snapshot& snapshot, std::string_view code,
                            std::string_view question) {
  const std::string_view name = chat_name(snapshot);
  std::string text = to_lf(code);
  while (text.ends_with('\n')) text.pop_back();
  const std::string request =
      question.empty() ? fmt::format("Explain this {} code.", name) : std::string(question);
  return fmt::format("{}\n```{}\n{}\n```", request, name, text);
}

std::vector<engine::TokenId> chat_prompt(std::string_view message,
                                         const engine::ModelTraits& traits,
                                         const engine::Tokenizer& tokenizer) {
  FATHOM_ASSERT(traits.chat.has_value());
  std::vector<engine::TokenId> prompt;
  if (traits.adds_bos) prompt.push_back(traits.bos);
  // Neighbouring pieces of text are encoded as one, as a template that is text would be.
  std::string text;
  const auto flush = [&] {
    tokenizer.encode(text, prompt);
    text.clear();
  };
  for (const engine::ChatPiece& piece : traits.chat->prompt) {
    if (const auto* token = std::get_if<engine::TokenId>(&piece)) {
      flush();
      prompt.push_back(*token);
    } else if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
    } else {
      text += message;
    }
  }
  flush();
  return prompt;
}

}  // namespace fathom::completion
