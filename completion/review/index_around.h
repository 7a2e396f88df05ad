// What a change can use of the rest of its repository: the changed files, those that they import
// (and what these import), and those beside them, as far as they have a word that the change adds.
//
// No index of all files: a commit is reviewed while somebody waits, whatever the size of the
// repository. Counts limit it and no clock, so that the same change is shown the same everywhere.
//
// Threads: any; a function. Reads files.

#pragma once

#include <memory>

#include "completion/privacy/secret_finder.h"
#include "completion/review/repository_files.h"
#include "completion/review/review_input.h"
#include "completion/workspace/workspace_index.h"

namespace fathom::completion {

/// Never null. `repository`: the newer state, that `input` has its texts from.
std::shared_ptr<const WorkspaceIndex> index_around(const ReviewInput& input,
                                                   const RepositoryFiles& repository,
                                                   const SecretFinder& secrets);

}  // namespace fathom::completion
