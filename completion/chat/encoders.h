// The encoders of encode_chat(), one for each family. None of them writes BOS.
//
// What is odd about a layout is what the model's own template or encoder does, and what the model
// has therefore seen; docs/prompts.md shows each.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "completion/chat/chat_writer.h"
#include "completion/chat/encode_chat.h"
#include "completion/chat/message.h"

namespace fathom::completion {

struct Conversation {
  std::span<const ChatMessage> messages;
  ChatOptions options;
  const engine::ChatTraits& chat;
};

Status encode_deepseek_coder(const Conversation& conversation, ChatWriter& out);
Status encode_deepseek_v2(const Conversation& conversation, ChatWriter& out);
Status encode_deepseek_v3(const Conversation& conversation, ChatWriter& out);
Status encode_deepseek_v31(const Conversation& conversation, ChatWriter& out);
Status encode_deepseek_v32(const Conversation& conversation, ChatWriter& out);
Status encode_deepseek_v4(const Conversation& conversation, ChatWriter& out);
Status encode_r1_0528(const Conversation& conversation, ChatWriter& out);
Status encode_chatml(const Conversation& conversation, ChatWriter& out);

// ---- What several of them share ----

/// Errors: unsupported, if there are tool calls, results or lists of tools anywhere.
Status check_no_tools(const Conversation& conversation);
/// Errors: unsupported, if a system message lists tools: the layout has no place for them.
Status check_no_tool_lists(const Conversation& conversation);

std::string_view content_of(const ChatMessage& message);

enum class Systems { joined, last };
/// The system messages as one: all with an empty line between them, or the last alone.
std::string system_text(const Conversation& conversation, Systems which);

/// What is behind the reasoning of an earlier answer, which ends at the first or the last
/// "</think>".
std::string_view behind_reasoning(std::string_view answer);
std::string_view behind_first_reasoning(std::string_view answer);

// Special tokens of DeepSeek's layouts.
#define FATHOM_BAR "\uff5c"
#define FATHOM_GAP "\u2581"
inline constexpr std::string_view kEndOfSentence =
    "<" FATHOM_BAR "end" FATHOM_GAP "of" FATHOM_GAP "sentence" FATHOM_BAR ">";
inline constexpr std::string_view kUserTurn = "<" FATHOM_BAR "User" FATHOM_BAR ">";
inline constexpr std::string_view kAssistantTurn = "<" FATHOM_BAR "Assistant" FATHOM_BAR ">";
inline constexpr std::string_view kToolCallsBegin =
    "<" FATHOM_BAR "tool" FATHOM_GAP "calls" FATHOM_GAP "begin" FATHOM_BAR ">";
inline constexpr std::string_view kToolCallsEnd =
    "<" FATHOM_BAR "tool" FATHOM_GAP "calls" FATHOM_GAP "end" FATHOM_BAR ">";
inline constexpr std::string_view kToolCallBegin =
    "<" FATHOM_BAR "tool" FATHOM_GAP "call" FATHOM_GAP "begin" FATHOM_BAR ">";
inline constexpr std::string_view kToolCallEnd =
    "<" FATHOM_BAR "tool" FATHOM_GAP "call" FATHOM_GAP "end" FATHOM_BAR ">";
inline constexpr std::string_view kToolSeparator =
    "<" FATHOM_BAR "tool" FATHOM_GAP "sep" FATHOM_BAR ">";
inline constexpr std::string_view kToolOutputsBegin =
    "<" FATHOM_BAR "tool" FATHOM_GAP "outputs" FATHOM_GAP "begin" FATHOM_BAR ">";
inline constexpr std::string_view kToolOutputsEnd =
    "<" FATHOM_BAR "tool" FATHOM_GAP "outputs" FATHOM_GAP "end" FATHOM_BAR ">";
inline constexpr std::string_view kToolOutputBegin =
    "<" FATHOM_BAR "tool" FATHOM_GAP "output" FATHOM_GAP "begin" FATHOM_BAR ">";
inline constexpr std::string_view kToolOutputEnd =
    "<" FATHOM_BAR "tool" FATHOM_GAP "output" FATHOM_GAP "end" FATHOM_BAR ">";
inline constexpr std::string_view kThinkBegin = "<think>";
inline constexpr std::string_view kThinkEnd = "</think>";
#undef FATHOM_BAR
#undef FATHOM_GAP

/// V3's form of a call, with its arguments in a fence.
void write_fenced_call(const ToolCall& call, ChatWriter& out);

}  // namespace fathom::completion
