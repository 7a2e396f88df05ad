// Puts patches into the files of a working tree.
//
// Threads: any; a function.

#pragma once

#include <filesystem>
#include <vector>

#include "completion/review/patch_writer.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// Each file is what it was or what it should be, never something between. None is touched unless
/// all are still what was reviewed, byte for byte, and not reached through a symbolic link.
/// Errors: invalid_argument (such a file; names it), io.
Status apply_patches(const ReviewReport& report, const std::vector<FilePatch>& patches,
                     const std::filesystem::path& working_tree);

}  // namespace fathom::completion
