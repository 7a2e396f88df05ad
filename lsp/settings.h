// What a user may set through the client: `initializationOptions` and, under the key "fathom",
// `workspace/didChangeConfiguration`. docs/lsp-extensions.md lists the names.

#pragma once

namespace fathom::lsp {

struct Settings {
  bool suggest = true;             // completion.enabled
  int max_completion_tokens = 0;   // completion.maxTokens; 0: decided by the syntax at the cursor
  int max_reasoning_tokens = 512;  // explain.maxReasoningTokens
  int max_answer_tokens = 512;     // explain.maxAnswerTokens
};

}  // namespace fathom::lsp
