// What reviews of changes with planted defects are worth.

#pragma once

#include <map>
#include <string>

#include "completion/review/finding.h"
#include "editors/cli/defect_data.h"

namespace fathom::cli {

/// Sums over changes.
struct DefectScore {
  int tasks = 0;
  int defects = 0;        // planted
  int found = 0;          // of them, by at least one finding
  int findings = 0;       // shown
  int right = 0;          // of them, on a line of a defect
  int clean = 0;          // changes without a defect
  int clean_accused = 0;  // of them, with a finding
  int suggestions = 0;    // shown
  int applicable = 0;     // of them: lines of the file, change something, add no syntax error
  int unreviewed = 0;     // parts that should have been reviewed and were not
};

struct DefectReport {
  DefectScore all;
  std::map<std::string, DefectScore> by_kind;
  std::map<std::string, DefectScore> by_language;
};

/// The review of one change. A finding is right if it has a line in common with a defect.
DefectScore score_review(const DefectTask& task, const completion::ReviewReport& review);

void add_to(DefectReport& report, const DefectTask& task, const DefectScore& score);

/// Whether the text parses; true for a language that fathom does not know.
bool parses(const DefectTask& task);

}  // namespace fathom::cli
