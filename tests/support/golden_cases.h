// The tiny checkpoints of the golden tests (tests/data/golden/README.md): those of the project, and
// those in the shared folder, which may be absent.

#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace fathom::engine {

struct GoldenCase {
  std::string name;
  std::filesystem::path path;
  std::filesystem::path json;
  std::filesystem::path safetensors;
  bool is_quantised = false;
  // Of the mean difference where activations are rounded, too. Measured: 0.02 to 0.05; with
  // experts, where rounding turns choices, 0.04 to 0.14.
  double rounded_tolerance = 0.2;
  bool on_cpu = false;  // else on the reference backend
};

void PrintTo(const GoldenCase& golden, std::ostream* out);

/// A folder of Hugging Face's below `root`, and a GGUF file below `root`/gguf.
GoldenCase folder_case(const std::filesystem::path& root, const std::string& name);
GoldenCase gguf_case(const std::filesystem::path& root, const std::string& name);

/// The Llama family.
std::vector<GoldenCase> gqa_cases();
/// DeepSeek's own architectures.
std::vector<GoldenCase> deepseek_folders();
std::vector<GoldenCase> deepseek_cases();

/// Of letters, digits and underscores, as the name of a test.
std::string test_name(const GoldenCase& golden);

}  // namespace fathom::engine
