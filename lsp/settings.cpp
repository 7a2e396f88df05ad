#include "lsp/settings.h"

namespace fathom::lsp {

Settings settings_of(const completion::Config& config) {
  return {.suggest = config.suggest,
          .max_completion_tokens = config.max_completion_tokens,
          .max_reasoning_tokens = config.max_reasoning_tokens,
          .max_answer_tokens = config.max_answer_tokens};
}

Settings changed(const Settings& settings, const SettingsChange& change) {
  return {
      .suggest = change.suggest.value_or(settings.suggest),
      .max_completion_tokens =
          change.max_completion_tokens.value_or(settings.max_completion_tokens),
      .max_reasoning_tokens = change.max_reasoning_tokens.value_or(settings.max_reasoning_tokens),
      .max_answer_tokens = change.max_answer_tokens.value_or(settings.max_answer_tokens)};
}

}  // namespace fathom::lsp
