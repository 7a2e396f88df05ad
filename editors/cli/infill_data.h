#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fathom::cli {

/// One fill-in-the-middle task of the human-eval-infilling format.
struct InfillTask {
  std::string prefix;  // "prompt" in the file
  std::string suffix;
  std::string middle;  // "canonical_solution"
};

/// Reads JSON lines, gzipped or not. Errors: not_found, io, corrupt (names the line).
Result<std::vector<InfillTask>> read_infill_tasks(const std::filesystem::path& path);

}  // namespace fathom::cli
