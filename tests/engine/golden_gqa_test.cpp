// The Llama family: Llama, Qwen2.

#include "tests/engine/golden_suite.h"

namespace fathom::engine {
namespace {

std::vector<GoldenCase> cases() {
  const fs::path own = "tests/data/golden";
  const fs::path rest = shared_folder() / "golden";
  std::vector<GoldenCase> cases;
  for (const char* name : {"llama-deepseek-coder", "llama3-rope", "qwen2-tied"})
    cases.push_back(folder(own, name));
  for (const char* name : {"llama3-rope-F16", "llama-Q4_0", "qwen2-tied-F16"})
    cases.push_back(gguf(own, name));
  for (const char* name : {"llama-gqa", "llama-gqa-linear", "qwen2-untied"})
    cases.push_back(folder(rest, name));
  for (const char* name :
       {"llama-deepseek-coder-F16", "llama-deepseek-coder-Q8_0", "llama-gqa-F16", "llama-IQ4_XS",
        "llama-Q4_K_M", "llama-Q5_K", "qwen2-untied-F16", "qwen2-untied-Q8_0"})
    cases.push_back(gguf(rest, name));
  return cases;
}

INSTANTIATE_GOLDEN(cases());

}  // namespace
}  // namespace fathom::engine
