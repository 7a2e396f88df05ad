#include "engine/models/fim_traits.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

struct Rule {
  std::string_view part;   // of the names
  std::string_view other;  // another part that must be there too
  std::string_view why;    // not; "": it was trained
};

// The first that fits counts. Sources: the models' READMEs and papers; arXiv:2401.14196, 3.1;
// arXiv:2406.11931, 3.1 (of Coder-V2, only Lite was trained to fill in); Qwen2.5-Coder's README.
constexpr Rule kRules[] = {
    {"fathom-", "", ""},
    {"deepseek-r1", "", "it is a reasoning model"},
    {"r1-distill", "", "it is a reasoning model"},
    {"r1-0528", "", "it is a reasoning model"},
    {"instruct", "", "it is an instruct model"},
    {"chat", "", "it is a chat model"},
    {"coder-v2-lite", "", ""},
    {"coder-v2", "", "of DeepSeek-Coder-V2, only Lite was"},
    {"coder", "v1.5", "DeepSeek-Coder v1.5 was trained on the next token alone"},
    {"deepseek-llm", "", "DeepSeek-LLM was trained on the next token alone"},
    {"qwen", "coder", ""},
    {"qwen", "", "of Qwen's models, only Coder was"},
};

std::string_view refusal_of(const std::string& names, const std::optional<ChatTraits>& chat) {
  const auto has = [&](std::string_view part) { return names.find(part) != std::string::npos; };
  for (const Rule& rule : kRules)
    if (has(rule.part) && has(rule.other)) return rule.why;
  if (!chat || has("base")) return "";
  if (chat->reasoning == Reasoning::always || chat->reasoning == Reasoning::own)
    return "its chat template is that of a reasoning model";
  if (chat->format == ChatFormat::deepseek_coder || chat->format == ChatFormat::deepseek_vl2)
    return "its chat template is that of an instruct model";
  return "";
}

}  // namespace

FimReading read_fim_traits(const Tokenizer& tokenizer, const std::string& names,
                           const std::optional<ChatTraits>& chat, bool force) {
  const auto begin = tokenizer.special(SpecialRole::fim_begin);
  const auto hole = tokenizer.special(SpecialRole::fim_hole);
  const auto end = tokenizer.special(SpecialRole::fim_end);
  if (!begin || !hole || !end) return {};
  if (const std::string_view refusal = refusal_of(names, chat); !refusal.empty() && !force)
    return {.fim = std::nullopt, .refusal = std::string(refusal)};
  FimTraits fim = {.begin = *begin, .hole = *hole, .end = *end};
  // The project's own models are trained for it (models/nano/README.md).
  fim.line_anchored = names.starts_with("fathom-");
  // Only DeepSeek's models have seen paths behind a bare "#".
  if (tokenizer.bytes(*begin).starts_with("<|")) fim.path_prefix = "";
  const auto name = tokenizer.find_special("<|repo_name|>");
  const auto file = tokenizer.find_special("<|file_sep|>");
  if (name && file) fim.repository = RepositoryMarkers{.name = *name, .file = *file};
  return {.fim = std::move(fim), .refusal = ""};
}

std::string names_of(const Checkpoint& checkpoint) {
  std::string names;
  const auto add = [&](std::string_view name) {
    if (!names.empty()) names += '/';
    names += name;
  };
  const Metadata& metadata = checkpoint.metadata();
  for (const char* key : {"general.name", "general.basename", "general.finetune"})
    if (const std::string* name = metadata.string(key)) add(*name);
  // A path on the machine of whoever made the checkpoint: its last part is the name.
  if (const std::string* path = metadata.string("_name_or_path"))
    add(std::string_view(*path).substr(path->rfind('/') + 1));
  if (const auto& folder = checkpoint.folder())
    add((folder->has_filename() ? *folder : folder->parent_path()).filename().string());
  else
    add(std::filesystem::path(checkpoint.source()).stem().string());
  for (char& c : names) {
    if (c == ' ' || c == '_') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return names;
}

}  // namespace fathom::engine
