#include "completion/model_store/catalogue.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace fathom::completion {
namespace {

constexpr std::string_view kDeepSeek = "DeepSeek Model License";
constexpr std::string_view kMit = "MIT";
constexpr std::string_view kApache = "Apache-2.0";
constexpr std::string_view kLlama = "Llama 3.1 Community License";
constexpr std::string_view kComplete = "completion while typing";
constexpr std::string_view kInstruct = "explanations and questions";
constexpr std::string_view kReason = "explanations with reasoning";

// A "-gguf" or quantisation in the name: one GGUF file; else the makers' own folder. Hashes are the
// server's: none was at hand from a second source.
constexpr CatalogueEntry kEntries[] = {
    {"deepseek-coder-1.3b-base", "deepseek-ai/deepseek-coder-1.3b-base", "", 2.7, kDeepSeek,
     kComplete},
    {"deepseek-coder-1.3b-instruct", "deepseek-ai/deepseek-coder-1.3b-instruct", "", 2.7, kDeepSeek,
     kInstruct},
    {"deepseek-coder-6.7b-base", "deepseek-ai/deepseek-coder-6.7b-base", "", 13.5, kDeepSeek,
     kComplete},
    {"deepseek-coder-6.7b-instruct", "deepseek-ai/deepseek-coder-6.7b-instruct", "", 13.5,
     kDeepSeek, kInstruct},
    {"deepseek-coder-v2-lite-base", "deepseek-ai/DeepSeek-Coder-V2-Lite-Base", "", 31.4, kDeepSeek,
     kComplete},
    {"deepseek-coder-v2-lite-base-q4_k_m", "bartowski/DeepSeek-Coder-V2-Lite-Base-GGUF",
     "DeepSeek-Coder-V2-Lite-Base-Q4_K_M.gguf", 10.4, kDeepSeek, kComplete},
    {"deepseek-coder-v2-lite-instruct", "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", "", 31.4,
     kDeepSeek, kInstruct},
    {"deepseek-coder-v2-lite-instruct-q4_k_m", "bartowski/DeepSeek-Coder-V2-Lite-Instruct-GGUF",
     "DeepSeek-Coder-V2-Lite-Instruct-Q4_K_M.gguf", 10.4, kDeepSeek, kInstruct},
    {"deepseek-v2-lite", "deepseek-ai/DeepSeek-V2-Lite", "", 31.4, kDeepSeek, "plain text"},
    {"r1-distill-qwen-1.5b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "", 3.6, kMit, kReason},
    {"r1-distill-qwen-1.5b-q4_k_m", "bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF",
     "DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf", 1.1, kMit, kReason},
    {"r1-distill-qwen-7b-q4_k_m", "bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF",
     "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", 4.7, kMit, kReason},
    {"r1-distill-qwen-14b-q4_k_m", "bartowski/DeepSeek-R1-Distill-Qwen-14B-GGUF",
     "DeepSeek-R1-Distill-Qwen-14B-Q4_K_M.gguf", 9.0, kMit, kReason},
    {"r1-distill-llama-8b-q4_k_m", "bartowski/DeepSeek-R1-Distill-Llama-8B-GGUF",
     "DeepSeek-R1-Distill-Llama-8B-Q4_K_M.gguf", 4.9, kLlama, kReason},
    {"qwen2.5-coder-0.5b", "Qwen/Qwen2.5-Coder-0.5B", "", 1.0, kApache, kComplete},
    {"qwen2.5-coder-1.5b", "Qwen/Qwen2.5-Coder-1.5B", "", 3.1, kApache, kComplete},
    {"qwen2.5-coder-1.5b-q8_0", "ggml-org/Qwen2.5-Coder-1.5B-Q8_0-GGUF",
     "qwen2.5-coder-1.5b-q8_0.gguf", 1.6, kApache, kComplete},
    {"qwen2.5-coder-7b", "Qwen/Qwen2.5-Coder-7B", "", 15.2, kApache, kComplete},
    {"qwen2.5-coder-7b-q8_0", "ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF", "qwen2.5-coder-7b-q8_0.gguf",
     8.1, kApache, kComplete},
};

/// Names that share the beginning of `name`, for people who nearly knew it.
std::string like(std::string_view name) {
  std::string names;
  const std::string_view family = name.substr(0, name.find('-'));
  for (const CatalogueEntry& entry : kEntries) {
    if (family.empty() || entry.name.find(family) == std::string_view::npos) continue;
    names += names.empty() ? "; did you mean " : ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace

std::span<const CatalogueEntry> catalogue() { return kEntries; }

const CatalogueEntry* find_in_catalogue(std::string_view name) {
  const auto* found = std::ranges::find(kEntries, name, &CatalogueEntry::name);
  return found == std::end(kEntries) ? nullptr : found;
}

bool is_plain_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 200 && name[0] != '.' &&
         std::ranges::all_of(name, is_plain);
}

Result<ModelSource> resolve_source(std::string_view what) {
  if (const CatalogueEntry* entry = find_in_catalogue(what)) {
    return ModelSource{.name = std::string(entry->name),
                       .repository = std::string(entry->repository),
                       .file = std::string(entry->file),
                       .sha256 = std::string(entry->sha256)};
  }
  const size_t slash = what.find('/');
  if (slash == std::string_view::npos) {
    return fail(
        ErrorCode::not_found,
        "there is no model '{}' in the catalogue (see `fathom models`){}; others are pulled "
        "by owner/repo or owner/repo:file.gguf",
        what, like(what));
  }
  const size_t colon = std::min(what.find(':'), what.size());
  const std::string_view repository = what.substr(0, colon);
  const std::string_view file = colon < what.size() ? what.substr(colon + 1) : "";
  const std::string_view repo = repository.substr(slash + 1);
  if (!is_plain_name(repository.substr(0, slash)) || !is_plain_name(repo) ||
      (colon < what.size() && (!is_plain_name(file) || !file.ends_with(".gguf")))) {
    return fail(ErrorCode::invalid_argument, "'{}' is neither owner/repo nor owner/repo:file.gguf",
                what);
  }
  const std::string name(file.empty() ? repo : file.substr(0, file.size() - 5));
  return ModelSource{
      .name = name, .repository = std::string(repository), .file = std::string(file), .sha256 = {}};
}

ModelSource vocabulary_of(const ModelSource& source) {
  return {.name = source.name + "-vocabulary",
          .repository = source.repository,
          .revision = source.revision,
          .file = {},
          .sha256 = {},
          .has_weights = false};
}

}  // namespace fathom::completion
