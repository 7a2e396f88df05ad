// Fill-in-the-middle tasks from a folder of source files: the holes that people type into.
//
//   "line"   a whole line is missing; the indentation is there
//   "rest"   the rest of a line, from some word on
//   "args"   what is between brackets, with nothing but closing ones behind
//   "block"  the lines in a block whose header and closing bracket are there
//
// Deterministic: the same files give the same tasks.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "editors/cli/infill_data.h"
#include "engine/base/result.h"

namespace fathom::cli {

/// Up to `per_kind` holes of each kind in the text of one file. None if the language is not
/// known, or if the text does not parse.
std::vector<InfillTask> infill_tasks_of(const std::string& path, std::string_view text,
                                        int per_kind);

/// Those of all files below a folder, in the order of their paths; hidden folders, build folders
/// and files of more than 64 KiB are left out. Errors: not_found, io; corrupt (no tasks).
Result<std::vector<InfillTask>> make_infill_tasks(const std::filesystem::path& folder,
                                                  int per_kind);

}  // namespace fathom::cli
