#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fathom::cli {

/// One fill-in-the-middle task of the human-eval-infilling format, or made from a source file.
struct InfillTask {
  std::string prefix;  // "prompt" in the file
  std::string suffix;
  std::string middle;         // "canonical_solution"
  std::string language = {};  // as find_language() knows it; "": unknown
  std::string kind = {};      // of hole; "": as the data has them
  std::string path = {};      // of the source file; "": none
};

/// Reads JSON lines, gzipped or not. Errors: not_found, io, corrupt (names the line).
Result<std::vector<InfillTask>> read_infill_tasks(const std::filesystem::path& path);

}  // namespace fathom::cli
