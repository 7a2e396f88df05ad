// The prompt of a hole that a client describes as texts.
//
// Threads: any.

#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/generator.h"

namespace fathom::http {

struct OtherFile {
  std::string path;
  std::string text;
};

struct Hole {
  std::vector<OtherFile> others;  // of the repository; the most telling one last
  std::string prefix;
  std::string suffix;
  std::string begun;  // of the middle: what is typed already on the cursor's line
};

/// Errors: unsupported (the model was not trained to fill in, and why).
Result<std::vector<engine::TokenId>> fim_prompt(const Hole& hole,
                                                const engine::Generator& generator);

}  // namespace fathom::http
