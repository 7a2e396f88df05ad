// Changes with planted defects, and what a review said of them: JSON lines.

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "completion/review/finding.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// As tests/review/make_defects.py writes them.
struct DefectTask {
  std::string id;
  std::string language;  // as find_language() knows it
  std::string kind;      // of the defect, also of a clean change
  std::string path;
  std::string text;  // of the whole file after the change
  std::string diff;
  std::vector<completion::LineRange> defects;  // none: a clean change
};

/// Errors: not_found, io, corrupt (names the line; also if two tasks have one id).
Result<std::vector<DefectTask>> read_defect_tasks(const std::filesystem::path& path);

/// Reviews by the id of their task: lines of {"id", "report"}, where the report is what
/// `fathom review --format json` writes. Errors: as above.
Result<std::map<std::string, completion::ReviewReport>> read_reviews(
    const std::filesystem::path& path);

}  // namespace fathom::cli
