#include "completion/review/patch_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "completion/review/git_patch.h"
#include "completion/review/suggestion_gate.h"
#include "completion/review/visible.h"
#include "completion/syntax/language.h"

namespace fathom::completion {
namespace {

bool overlap(LineRange a, LineRange b) { return a.begin <= b.end && b.begin <= a.end; }

/// Adds the finding's suggestion to the patch if it goes with those that are in it.
void try_to_add(FilePatch& patch, const Finding& finding, std::string_view before) {
  std::vector<Suggestion> suggestions{*finding.suggestion};
  for (const Finding* chosen : patch.findings) {
    if (overlap(chosen->suggestion->lines, finding.suggestion->lines)) return;
    suggestions.push_back(*chosen->suggestion);
  }
  std::string after = with_suggestions(before, std::move(suggestions));
  if (adds_syntax_error(find_language("", patch.path), before, after) == true) return;
  patch.findings.push_back(&finding);
  patch.after = std::move(after);
}

std::string verified(const Suggestion& suggestion) {
  std::string text = "applies";
  if (suggestion.parses) text += ", adds no syntax error";
  if (suggestion.checked) text += ", passes the check";
  return text;
}

}  // namespace

std::vector<FilePatch> make_patches(const ReviewReport& report,
                                    const std::function<bool(const Finding&)>& wants) {
  std::vector<FilePatch> patches;
  for (const ReviewedFile& file : report.files) {
    if (!file.text) continue;
    FilePatch patch{.path = file.diff.new_path};
    std::vector<const Finding*> wanted;
    for (const Finding& finding : report.findings) {
      if (finding.path == patch.path && finding.suggestion && wants(finding))
        wanted.push_back(&finding);
    }
    std::ranges::stable_sort(wanted, std::greater<>(), &Finding::confidence);
    for (const Finding* finding : wanted) try_to_add(patch, *finding, *file.text);
    if (patch.findings.empty()) continue;
    std::ranges::sort(patch.findings, {}, [](const Finding* f) { return f->lines.begin; });
    patch.diff = make_patch(patch.path, *file.text, patch.after);
    patches.push_back(std::move(patch));
  }
  return patches;
}

std::set<const Finding*> choose_findings(
    const ReviewReport& report, const std::function<Choice(const std::string& patch)>& ask) {
  std::set<const Finding*> taken;
  for (const Finding& finding : report.findings) {
    const std::vector<FilePatch> patches =
        make_patches(report, [&](const Finding& other) { return &other == &finding; });
    if (patches.empty()) continue;
    const Choice choice = ask(patch_text(patches));
    if (choice == Choice::quit) break;
    if (choice == Choice::take) taken.insert(&finding);
  }
  return taken;
}

std::string patch_text(const std::vector<FilePatch>& patches) {
  std::string text;
  for (const FilePatch& patch : patches) {
    for (const Finding* finding : patch.findings) {
      text += fmt::format("# {}:{}: {}\n#   {}\n", visible_text(patch.path), finding->lines.begin,
                          visible_text(finding->message), verified(*finding->suggestion));
    }
    text += patch.diff;
  }
  return text;
}

}  // namespace fathom::completion
