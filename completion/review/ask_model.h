// One question to a model whose answer must have a form.
//
// A model that reasons does so first, freely and within a budget; the form binds what follows. A
// base model continues the question as a text.
//
// Threads: any but the generator's own; waits.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/cancel.h"
#include "engine/generator.h"

namespace fathom::completion {

struct Question {
  std::string_view text;
  std::shared_ptr<engine::TextConstraint> form;
  int max_reasoning_tokens = 0;
  int max_answer_tokens = 0;
  uint64_t seed = 0;  // of the reasoning; the answer is greedy
  /// Gets the answer's tokens on the generator's thread, those of the reasoning left out. False:
  /// no more are wanted.
  engine::Generator::OnToken on_token;
  CancelToken cancel;
};

struct AskedTokens {
  int64_t prompt = 0;
  int64_t output = 0;  // with the reasoning
};

/// Errors: unsupported (a chat template that fathom does not know), and those of the generator.
Result<AskedTokens> ask_model(engine::Generator& generator, const Question& question);

}  // namespace fathom::completion
