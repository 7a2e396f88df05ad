// Parts what a model says into reasoning and answer while it says it.
//
// Where the reasoning ends is a token, not a text: "</think>" spelled out in code is code. Whether
// it has begun is in the prompt: some layouts open it, some close it, some leave it to the model.
//
// Threads: one at a time.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "completion/assistant.h"
#include "engine/model_traits.h"

namespace fathom::completion {

class ReasoningStream final {
 public:
  /// `prompt`: what the model continues. `on_delta` gets whole, valid characters; empty lines
  /// around each channel are left out.
  ReasoningStream(const engine::ChatTraits& chat, std::span<const engine::TokenId> prompt,
                  Assistant::OnDelta on_delta);

  /// Takes the next token. Special tokens must come with empty bytes.
  void feed(engine::TokenId token, std::string_view bytes);
  /// Ends the reasoning from outside: what follows is the answer.
  void begin_answer();
  /// No more tokens: sends what was held back.
  void finish();

  Channel channel() const { return channel_; }
  int n_reasoning_tokens() const { return n_reasoning_tokens_; }
  int n_answer_tokens() const { return n_answer_tokens_; }
  /// What was sent on each channel.
  const std::string& reasoning() const { return reasoning_; }
  const std::string& answer() const { return answer_; }

 private:
  void send(size_t n_bytes);

  const std::optional<engine::TokenId> think_begin_;
  const std::optional<engine::TokenId> think_end_;
  const Assistant::OnDelta on_delta_;
  Channel channel_;
  std::string held_;  // of channel_: part of a character, or line ends that may be the last
  std::string reasoning_;
  std::string answer_;
  int n_reasoning_tokens_ = 0;
  int n_answer_tokens_ = 0;
};

}  // namespace fathom::completion
