#include "completion/prompt/completion_prompt.h"

#include <string_view>

#include "completion/prompt/healing.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxPathBytes = 200;

void append(std::vector<engine::TokenId>& out, const std::vector<engine::TokenId>& tokens) {
  out.insert(out.end(), tokens.begin(), tokens.end());
}

}  // namespace

CompletionPrompt completion_prompt(const Context& context, const engine::ModelTraits& traits,
                                   const engine::Tokenizer& tokenizer) {
  const size_t cut = healed_length(context.line);
  const std::string_view line = std::string_view(context.line).substr(0, cut);
  CompletionPrompt prompt{.tokens = {}, .forced_prefix = context.line.substr(cut)};
  std::vector<engine::TokenId>& tokens = prompt.tokens;

  if (traits.adds_bos) tokens.push_back(traits.bos);
  if (!traits.fim) {
    append(tokens, context.head);
    tokenizer.encode(line, tokens);
    return prompt;
  }
  tokens.push_back(traits.fim->begin);
  append(tokens, context.head);
  if (!traits.fim->line_anchored) tokenizer.encode(line, tokens);
  tokens.push_back(traits.fim->hole);
  append(tokens, context.suffix);
  tokens.push_back(traits.fim->end);
  if (traits.fim->line_anchored) tokenizer.encode(line, tokens);
  return prompt;
}

std::string path_line(const Snapshot& snapshot, const Language* language,
                      const engine::ModelTraits& traits) {
  const bool fits = !snapshot.path.empty() && snapshot.path.size() <= kMaxPathBytes &&
                    snapshot.path.find_first_of("\r\n") == std::string::npos;
  if (!fits) return {};
  if (traits.fim && !traits.fim->path_prefix.empty())
    return traits.fim->path_prefix + snapshot.path + "\n";
  if (!language) return {};
  return std::string(language->line_comment) + " " + snapshot.path + "\n";
}

}  // namespace fathom::completion
