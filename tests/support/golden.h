// Golden values of a model: prompts with what the model's original implementation says of them.
//
// NAME/golden.{json,safetensors} or NAME.golden.{json,safetensors}; a description is in
// tests/data/golden/README.md.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/token.h"

namespace fathom::engine {

struct GoldenPrompt {
  std::vector<TokenId> ids;
  std::vector<int32_t> positions;  // rows of `logits`
  std::vector<float> logits;       // [positions.size(), vocab]
  std::vector<TokenId> greedy;
  double smallest_gap = 0;  // between the two likeliest tokens, over `greedy`

  std::map<int, std::vector<int32_t>> experts;  // layer -> [ids.size(), n_active], ascending
  std::map<int, std::map<int, std::vector<int32_t>>> selected;  // layer -> position -> positions
  std::vector<float> draft_logits;                              // [positions.size(), vocab]
  std::vector<TokenId> draft_next;                              // [ids.size()]
};

/// `variant` is appended to the names of logits and greedy tokens ("_variant"). Fails the running
/// test and returns nothing if the files cannot be read.
std::vector<GoldenPrompt> read_golden(const std::filesystem::path& json,
                                      const std::filesystem::path& safetensors,
                                      const std::string& variant = "");

struct Distance {
  double largest = 0;
  double mean = 0;
};
/// Between two arrays of one size; a difference in size fails the running test.
Distance distance(std::span<const float> a, std::span<const float> b);

/// Where data is that the project does not carry: $FATHOM_SHARED, else ../shared.
std::filesystem::path shared_folder();

}  // namespace fathom::engine
