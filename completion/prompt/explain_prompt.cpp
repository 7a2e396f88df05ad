#include "completion/prompt/explain_prompt.h"

#include <fmt/format.h>

#include "completion/lines.h"
#include "completion/syntax/language.h"

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

}  // namespace fathom::completion
