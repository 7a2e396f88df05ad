#include "completion/review/review_input.h"

#include <utility>

namespace fathom::completion {

Unreviewed left_out(const FileDiff& diff, std::string reason, bool is_expected) {
  return {.path = diff.new_path.empty() ? diff.old_path : diff.new_path,
          .reason = std::move(reason),
          .is_expected = is_expected};
}

ReviewInput input_of(std::vector<FileDiff> diffs) {
  ReviewInput input;
  for (FileDiff& diff : diffs) {
    if (diff.status == FileDiff::Status::deleted) {
      input.skipped.push_back(left_out(diff, "deleted", true));
    } else if (diff.is_binary) {
      input.skipped.push_back(left_out(diff, "binary", true));
    } else if (diff.hunks.empty()) {
      input.skipped.push_back(left_out(diff, "no line has changed", true));
    } else {
      input.files.push_back({.diff = std::move(diff), .text = nullptr});
    }
  }
  return input;
}

}  // namespace fathom::completion
