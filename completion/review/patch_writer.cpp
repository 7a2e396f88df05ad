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

/// Whether all of the suggestions can be applied.
bool go_together(const ReviewReport& report, const std::set<const Finding*>& findings) {
  size_t n_applied = 0;
  for (const FilePatch& patch :
       make_patches(report, [&](const Finding& finding) { return findings.contains(&finding); }))
    n_applied += patch.findings.size();
  return n_applied == findings.size();
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

std::set<const Finding*> choose_findings(const ReviewReport& report,
                                         const std::function<Choice(const PatchQuestion&)>& ask) {
  std::set<const Finding*> taken;
  PatchQuestion question{
      .n_suggestions = static_cast<int>(std::ranges::count_if(
          report.findings, [](const Finding& f) { return f.suggestion.has_value(); }))};
  Choice choice = Choice::leave;
  for (const Finding& finding : report.findings) {
    if (!finding.suggestion) continue;
    ++question.number;
    std::set<const Finding*> with_it = taken;
    with_it.insert(&finding);
    if (!go_together(report, with_it)) continue;
    if (choice != Choice::take_rest) {
      question.patch = patch_text(
          make_patches(report, [&](const Finding& other) { return &other == &finding; }));
      choice = ask(question);
    }
    if (choice == Choice::quit) break;
    if (choice != Choice::leave) taken = std::move(with_it);
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
