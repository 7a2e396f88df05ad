// The built-in model's golden file: what transformers, float32, computes with the same weights
// (models/nano/README.md).

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/model_runner.h"

namespace fathom::engine {

struct NanoPrompt {
  std::string kind;  // "plain", "fim", "explain", "review"
  std::vector<TokenId> ids;
  std::vector<TokenId> top_ids;  // the 20 likeliest after the prompt
  std::vector<float> top_logits;
  std::vector<TokenId> greedy;
  std::vector<float> greedy_gaps;  // between the two likeliest tokens at each step
};

/// Fails the running test and returns nothing if the file cannot be read.
std::vector<NanoPrompt> read_nano_golden(const std::filesystem::path& json);

struct NanoTolerance {
  float logits = 0;  // of each of the 20 likeliest
  float gap = 0;     // a choice between two tokens that are nearer than this may turn out otherwise
};

/// Expects the logits after the prompt, and the next tokens up to the first narrow choice, to be
/// the golden ones. Returns the mean distance of the logits.
double expect_nano_golden(LoadedModel& loaded, const NanoPrompt& prompt,
                          const NanoTolerance& tolerance);

}  // namespace fathom::engine
