// The suggestions of a review as patches that `git apply` takes.
//
// Threads: any; functions.

#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "completion/review/finding.h"

namespace fathom::completion {

/// One file with the suggestions that were chosen for it.
struct FilePatch {
  std::string path;
  std::vector<const Finding*> findings;  // of the report, by line
  std::string after;                     // the whole text
  std::string diff;                      // from the reviewed text, as git writes it
};

/// A file's suggestions that can all be applied: of those that overlap, or that only together break
/// the syntax, the ones in which the model is more certain. Findings without one, or refused by
/// `wants`, are left out.
std::vector<FilePatch> make_patches(const ReviewReport& report,
                                    const std::function<bool(const Finding&)>& wants);

enum class Choice { take, leave, take_rest, quit };

/// A suggestion that a person is asked about: the patch of it alone.
struct PatchQuestion {
  std::string patch;
  int number = 0;  // from 1
  int n_suggestions = 0;
};

/// The findings whose suggestions a person takes: `ask` is shown each until it says take_rest or
/// quit, without those that do not go with what has been taken.
std::set<const Finding*> choose_findings(const ReviewReport& report,
                                         const std::function<Choice(const PatchQuestion&)>& ask);

/// The patches as one, each below lines that say what it is for and what was verified of it, which
/// `git apply` passes over.
std::string patch_text(const std::vector<FilePatch>& patches);

}  // namespace fathom::completion
