#include "completion/reasoning_stream.h"

#include <algorithm>
#include <utility>

#include "completion/lines.h"
#include "engine/base/text.h"

namespace fathom::completion {

namespace {

/// Whether the last of the two tokens in the prompt is the one that opens the reasoning.
bool is_open(const engine::ChatTraits& chat, std::span<const engine::TokenId> prompt) {
  const auto last = std::find_if(prompt.rbegin(), prompt.rend(), [&](engine::TokenId token) {
    return token == chat.think_begin || token == chat.think_end;
  });
  return last != prompt.rend() && *last == chat.think_begin;
}

}  // namespace

ReasoningStream::ReasoningStream(const engine::ChatTraits& chat,
                                 std::span<const engine::TokenId> prompt,
                                 Assistant::OnDelta on_delta)
    : think_begin_(chat.think_begin),
      think_end_(chat.think_end),
      on_delta_(std::move(on_delta)),
      channel_(is_open(chat, prompt) ? Channel::reasoning : Channel::answer) {}

void ReasoningStream::feed(engine::TokenId token, std::string_view bytes) {
  if (token == think_begin_) {
    // Some models open the block themselves, at the very start; later it is a slip.
    if (answer_.empty() && n_answer_tokens_ == 0) channel_ = Channel::reasoning;
    return;
  }
  if (token == think_end_) {
    if (channel_ == Channel::reasoning) begin_answer();
    return;
  }
  ++(channel_ == Channel::reasoning ? n_reasoning_tokens_ : n_answer_tokens_);
  held_ += bytes;
  const size_t n_whole = whole_characters(held_);
  send(trim_right(std::string_view(held_).substr(0, n_whole)).size());
}

void ReasoningStream::begin_answer() {
  finish();
  channel_ = Channel::answer;
}

void ReasoningStream::finish() {
  send(trim_right(held_).size());
  held_.clear();
}

void ReasoningStream::send(size_t n_bytes) {
  if (n_bytes == 0) return;
  std::string& channel_text = channel_ == Channel::reasoning ? reasoning_ : answer_;
  std::string piece = to_valid_utf8(std::string_view(held_).substr(0, n_bytes));
  held_.erase(0, n_bytes);
  if (channel_text.empty()) piece.erase(0, piece.find_first_not_of(" \t\r\n"));
  channel_text += piece;
  if (on_delta_) on_delta_(channel_, piece);
}

}  // namespace fathom::completion
