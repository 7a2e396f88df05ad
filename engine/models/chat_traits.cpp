#include "engine/models/chat_traits.h"

#include <string_view>

#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

#define BAR "\uff5c"
constexpr std::string_view kUser = "<" BAR "User" BAR ">";
constexpr std::string_view kAssistant = "<" BAR "Assistant" BAR ">";
constexpr std::string_view kOpenedReasoning = "<" BAR "Assistant" BAR "><think>";
constexpr std::string_view kDsml = BAR "DSML" BAR;
constexpr std::string_view kLatestReminder = "<" BAR "latest_reminder" BAR ">";
#undef BAR

// Qwen's templates bring a system message of their own. The first that is found counts.
constexpr std::string_view kDefaultSystems[] = {
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
    "You are a helpful assistant.",
};

/// DeepSeek's templates with turns between special tokens, oldest last.
ChatFormat deepseek_format(std::string_view text) {
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  if (has("thinking") && has("'</think>'}}")) return ChatFormat::deepseek_v3_1;
  if (has("content + '<\uff5cAssistant\uff5c>'")) return ChatFormat::r1_0528;
  const bool joins_systems = has("is_first_sp");
  if (has(kOpenedReasoning))
    return joins_systems ? ChatFormat::deepseek_r1 : ChatFormat::r1_distill;
  return joins_systems ? ChatFormat::deepseek_v3 : ChatFormat::deepseek_v2_5;
}

Reasoning reasoning_of(ChatFormat format) {
  switch (format) {
    case ChatFormat::deepseek_r1:
    case ChatFormat::r1_distill:
      return Reasoning::always;
    case ChatFormat::r1_0528:
      return Reasoning::own;
    case ChatFormat::deepseek_v3_1:
    case ChatFormat::deepseek_v3_2:
    case ChatFormat::deepseek_v4:
      return Reasoning::optional;
    default:
      return Reasoning::none;
  }
}

}  // namespace

std::optional<ChatFormat> detect_chat_format(const Tokenizer& tokenizer) {
  const std::string_view text = tokenizer.chat_template();
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  // Templates that others wrote for these models differ from the models' own encoders.
  if (tokenizer.find_special(kDsml) && (text.empty() || has("DSML"))) {
    return tokenizer.find_special(kLatestReminder) ? ChatFormat::deepseek_v4
                                                   : ChatFormat::deepseek_v3_2;
  }
  if (text.empty()) return std::nullopt;
  if (has("### Instruction:") && has("### Response:"))
    return has("bos_token") ? ChatFormat::deepseek_coder : ChatFormat::deepseek_vl2;
  if (has("'User: '") && has("'Assistant: '")) return ChatFormat::deepseek_v2;
  if (has("<|im_start|>") && !has("<think>")) return ChatFormat::chatml;
  if (has(kUser) && has(kAssistant)) return deepseek_format(text);
  return std::nullopt;
}

std::optional<ChatTraits> read_chat_traits(const Tokenizer& tokenizer,
                                           const std::string& model_name) {
  const std::optional<ChatFormat> format = detect_chat_format(tokenizer);
  if (!format) return std::nullopt;
  ChatTraits chat = {.format = *format,
                     .reasoning = reasoning_of(*format),
                     .think_begin = tokenizer.special(SpecialRole::think_begin),
                     .think_end = tokenizer.special(SpecialRole::think_end)};
  if (*format == ChatFormat::chatml) {
    for (const std::string_view system : kDefaultSystems) {
      if (chat.default_system.empty() &&
          tokenizer.chat_template().find(system) != std::string::npos)
        chat.default_system = system;
    }
  }
  // "Usage Recommendations" of DeepSeek-R1's README: greedy reasoning repeats itself endlessly.
  if (chat.reasoning != Reasoning::none && !model_name.starts_with("fathom-")) {
    chat.temperature = 0.6f;
    chat.top_p = 0.95f;
  }
  return chat;
}

}  // namespace fathom::engine
