#include "tests/support/golden_cases.h"

#include <cctype>

#include "tests/support/golden.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwn = "tests/data/golden";

}  // namespace

void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.path; }

GoldenCase folder_case(const fs::path& root, const std::string& name) {
  return {name, root / name, root / name / "golden.json", root / name / "golden.safetensors",
          /*is_quantised=*/name.ends_with("fp4")};
}

GoldenCase gguf_case(const fs::path& root, const std::string& name) {
  const std::string stem = root / "gguf" / name;
  return {name + ".gguf", stem + ".gguf", stem + ".golden.json", stem + ".golden.safetensors",
          /*is_quantised=*/!name.ends_with("F16")};
}

std::vector<GoldenCase> gqa_cases() {
  const fs::path rest = shared_folder() / "golden";
  std::vector<GoldenCase> cases;
  for (const char* name : {"llama-deepseek-coder", "llama3-rope", "qwen2-tied"})
    cases.push_back(folder_case(kOwn, name));
  for (const char* name : {"llama3-rope-F16", "llama-Q4_0", "qwen2-tied-F16"})
    cases.push_back(gguf_case(kOwn, name));
  for (const char* name : {"llama-gqa", "llama-gqa-linear", "qwen2-untied"})
    cases.push_back(folder_case(rest, name));
  for (const char* name :
       {"llama-deepseek-coder-F16", "llama-deepseek-coder-Q8_0", "llama-gqa-F16", "llama-IQ4_XS",
        "llama-Q4_K_M", "llama-Q5_K", "qwen2-untied-F16", "qwen2-untied-Q8_0"})
    cases.push_back(gguf_case(rest, name));
  return cases;
}

std::vector<GoldenCase> deepseek_folders() {
  const fs::path rest = shared_folder() / "golden";
  return {folder_case(kOwn, "deepseek-v3"),      folder_case(kOwn, "deepseek-v32"),
          folder_case(rest, "deepseek-moe"),     folder_case(rest, "deepseek-v2"),
          folder_case(rest, "deepseek-v2-lite"), folder_case(rest, "deepseek-v3-fp8"),
          folder_case(rest, "deepseek-v4"),      folder_case(kOwn, "deepseek-v4-fp4")};
}

std::vector<GoldenCase> deepseek_cases() {
  const fs::path rest = shared_folder() / "golden";
  std::vector<GoldenCase> cases = deepseek_folders();
  for (const char* name : {"deepseek-moe-Q8_0", "deepseek-v2-lite-Q8_0", "deepseek-v3-Q8_0"})
    cases.push_back(gguf_case(kOwn, name));
  cases.push_back(gguf_case(kOwn, "deepseek-v2-Q8_0"));
  cases.back().rounded_tolerance = 0.5;  // experts count 16 times, and so does their rounding
  for (const char* name : {"deepseek-moe-F16", "deepseek-v2-F16", "deepseek-v2-lite-F16",
                           "deepseek-v3-BF16", "deepseek-v3-F16", "deepseek2-Q4_K_M"})
    cases.push_back(gguf_case(rest, name));
  return cases;
}

std::string test_name(const GoldenCase& golden) {
  std::string name = golden.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

}  // namespace fathom::engine
