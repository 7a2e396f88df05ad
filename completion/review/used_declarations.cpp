#include "completion/review/used_declarations.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "completion/context/candidates.h"
#include "completion/context/skeleton.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

using Names = std::map<std::string, float, std::less<>>;

constexpr float kCalledWeight = 2;
constexpr float kNamedWeight = 1;

/// The identifiers of the lines that the part adds.
Names names_in(const PromptPart& part) {
  Names names;
  for (const ShownLine& line : part.lines) {
    if (!line.is_added || !line.is_in_hunk) continue;
    const std::string_view text = line.text;
    for_each_identifier(text, [&](std::string_view name, size_t at) {
      const size_t behind = text.find_first_not_of(" \t", at + name.size());
      const bool is_call = behind != std::string_view::npos && text[behind] == '(';
      float& weight = names[std::string(name)];
      weight = std::max(weight, is_call ? kCalledWeight : kNamedWeight);
    });
  }
  return names;
}

/// What the file declares itself and the part does not show.
std::vector<Candidate> own_candidates(const PromptPart& part, const SourceFilePtr& file,
                                      const Names& names) {
  std::vector<Candidate> found;
  for (const Declaration& declaration : file->declarations) {
    const auto name = names.find(declaration.name);
    if (name == names.end() || declaration.kind == Declaration::Kind::variable) continue;
    const auto line =
        1 + std::count(file->text.begin(), file->text.begin() + declaration.begin, '\n');
    const bool is_shown = std::ranges::any_of(
        part.lines, [&](const ShownLine& shown) { return shown.number == line; });
    if (is_shown) continue;
    found.push_back({.file = file,
                     .begin = declaration.begin,
                     .end = declaration.end,
                     .text = skeleton_of(*file, declaration, names),
                     .score = name->second});
  }
  std::ranges::stable_sort(found, std::greater(), &Candidate::score);
  return found;
}

std::vector<Candidate> candidates(const PromptPart& part, const WorkspaceIndex& around) {
  const SourceFilePtr own = around.find(part.file->path());
  if (!own) return {};  // of a language that is not parsed, or too large
  const Names names = names_in(part);
  CandidateQuery query{.path = own->path,
                       .language = own->language,
                       .imports = own->imports,
                       .package = own->package,
                       .nearby = names};
  for (const Declaration& declaration : own->declarations) {
    const bool is_member =
        !declaration.container.empty() && declaration.kind != Declaration::Kind::type;
    if (!is_member) query.own_names.insert(declaration.name);
  }
  std::vector<Candidate> found = own_candidates(part, own, names);
  for (Candidate& other : declaration_candidates(query, {.saved = &around}))
    if (other.score >= kNamedScore) found.push_back(std::move(other));
  return found;
}

}  // namespace

std::vector<UsedDeclaration> used_declarations(const PromptPart& part, const WorkspaceIndex& around,
                                               const engine::Tokenizer& tokenizer, int max_tokens) {
  std::vector<UsedDeclaration> used;
  int left = max_tokens - static_cast<int>(tokenizer.encode(rendered(used)).size());
  for (Candidate& candidate : candidates(part, around)) {
    const auto same_file = std::ranges::find(used, candidate.file->path, &UsedDeclaration::path);
    std::vector<UsedDeclaration> one{{.path = candidate.file->path, .text = candidate.text}};
    const int cost = static_cast<int>(tokenizer.encode(rendered(one)).size());
    if (cost > left) continue;
    left -= cost;
    if (same_file != used.end()) {
      same_file->text += candidate.text;
    } else {
      used.push_back(std::move(one.front()));
    }
  }
  return used;
}

}  // namespace fathom::completion
