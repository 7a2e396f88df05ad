// What a user may set of a session: by fathom.toml, and above it through the client, in
// `initializationOptions` and, under the key "fathom", `workspace/didChangeConfiguration`.
// docs/lsp-extensions.md lists the names.

#pragma once

#include <optional>

#include "completion/config.h"

namespace fathom::lsp {

struct Settings {
  bool suggest = completion::Config{}.suggest;
  int max_completion_tokens = completion::Config{}.max_completion_tokens;
  int max_reasoning_tokens = completion::Config{}.max_reasoning_tokens;
  int max_answer_tokens = completion::Config{}.max_answer_tokens;
};

/// What a client said; nothing: the configuration's value.
struct SettingsChange {
  std::optional<bool> suggest;               // completion.enabled
  std::optional<int> max_completion_tokens;  // completion.maxTokens
  std::optional<int> max_reasoning_tokens;   // explain.maxReasoningTokens
  std::optional<int> max_answer_tokens;      // explain.maxAnswerTokens
};

Settings settings_of(const completion::Config& config);
Settings changed(const Settings& settings, const SettingsChange& change);

}  // namespace fathom::lsp
