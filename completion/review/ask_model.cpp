#include "completion/review/ask_model.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "completion/chat/encode_chat.h"
#include "completion/reasoning_stream.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {
namespace {

using engine::TokenId;

struct Prompt {
  std::vector<TokenId> tokens;
  std::shared_ptr<const engine::Conversation> conversation;
};

Result<Prompt> build_prompt(const engine::Generator& generator, const Question& question) {
  const engine::ModelTraits& traits = generator.traits();
  if (traits.has_unknown_chat_template) {
    return fail(ErrorCode::unsupported,
                "the chat template of {} is not one fathom knows; docs/prompts.md lists them",
                traits.name);
  }
  if (!traits.chat) {
    Prompt prompt;
    if (traits.adds_bos) prompt.tokens.push_back(traits.bos);
    generator.tokenizer().encode(question.text, prompt.tokens);
    return prompt;
  }
  // Everything is in the user's turn: reasoning models do best without a system message.
  const ChatMessage message{.role = ChatRole::user, .content = std::string(question.text)};
  FATHOM_TRY(tokens, encode_chat({&message, 1}, {.thinking = question.max_reasoning_tokens > 0},
                                 *traits.chat, generator.tokenizer()));
  auto conversation = conversation_of({&message, 1}, tokens.size());
  return Prompt{std::move(tokens), std::move(conversation)};
}

/// Lets the model reason and closes the reasoning: `prompt` ends where the answer begins.
Status reason(engine::Generator& generator, const Question& question, Prompt& whole,
              AskedTokens& asked) {
  std::vector<TokenId>& prompt = whole.tokens;
  const engine::ChatTraits& chat = *generator.traits().chat;
  if (chat.reasoning == engine::Reasoning::own && chat.think_begin)
    prompt.push_back(*chat.think_begin);
  const ReasoningStream stream(chat, prompt, nullptr);
  if (stream.channel() != Channel::reasoning || !chat.think_end) return {};
  if (question.max_reasoning_tokens > 0) {
    FATHOM_TRY(result, engine::generate(generator,
                                        {.prompt = prompt,
                                         .conversation = whole.conversation,
                                         .max_tokens = question.max_reasoning_tokens,
                                         .sampling = {.temperature = chat.temperature,
                                                      .top_p = chat.top_p,
                                                      .seed = question.seed},
                                         .priority = engine::Priority::review,
                                         .cancel = question.cancel},
                                        [&](const engine::TokenEvent& event) {
                                          return event.id != chat.think_end;
                                        }));
    asked.output += static_cast<int64_t>(result.tokens.size());
    prompt.insert(prompt.end(), result.tokens.begin(), result.tokens.end());
  }
  if (prompt.back() != chat.think_end) prompt.push_back(*chat.think_end);
  // Models that were trained with both modes begin the answer right behind the token.
  if (chat.reasoning != engine::Reasoning::optional) generator.tokenizer().encode("\n\n", prompt);
  return {};
}

}  // namespace

Result<AskedTokens> ask_model(engine::Generator& generator, const Question& question) {
  FATHOM_TRY(prompt, build_prompt(generator, question));
  AskedTokens asked{.prompt = static_cast<int64_t>(prompt.tokens.size())};
  if (generator.traits().chat) FATHOM_CHECK(reason(generator, question, prompt, asked));
  FATHOM_TRY(result, engine::generate(generator,
                                      {.prompt = std::move(prompt.tokens),
                                       .conversation = std::move(prompt.conversation),
                                       .max_tokens = question.max_answer_tokens,
                                       .priority = engine::Priority::review,
                                       .constraint = question.form,
                                       .cancel = question.cancel},
                                      question.on_token));
  asked.output += static_cast<int64_t>(result.tokens.size());
  return asked;
}

}  // namespace fathom::completion
