// What is to be reviewed: the files of a diff, with the texts of their new side where these are at
// hand, and those that are left out by rule.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "completion/review/finding.h"

namespace fathom::completion {

class WorkspaceIndex;

struct ReviewInput {
  std::vector<ReviewedFile> files;  // by path
  std::vector<Unreviewed> skipped;
  /// The changed files and others whose declarations they may use: see index_around.h. Null: none
  /// are shown.
  std::shared_ptr<const WorkspaceIndex> around;
};

/// A file that is left out as a whole.
Unreviewed left_out(const FileDiff& diff, std::string reason, bool is_expected);

/// Of a diff that is all there is. Threads: any.
ReviewInput input_of(std::vector<FileDiff> diffs);

}  // namespace fathom::completion
