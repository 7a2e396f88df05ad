// A review as it runs for an editor, apart from the main thread: finds the repository, reads what
// has changed, asks the model, and says where in the files each finding is.
//
// Threads: any but the generator's own; waits, and reads files.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "completion/assistant.h"
#include "completion/review/git_repository.h"
#include "completion/review/reviewer.h"
#include "engine/base/result.h"
#include "lsp/position.h"

namespace fathom::lsp {

/// A finding on lines of a file as it is on disk.
struct PlacedFinding {
  std::string path;           // absolute, in the client's spelling of its folders
  Range range;                // of whole lines, the last one's end not included
  std::string text;           // those lines, with LF between them
  completion::Finding about;  // whose lines are those of what was reviewed
};

struct ReviewTask {
  std::string place;  // a file or folder of the repository, as the client names it
  completion::ChangeRequest::Kind scope = completion::ChangeRequest::Kind::working_tree;
  std::string base;  // of Kind::base; "": the default branch
  PositionEncoding encoding = PositionEncoding::utf16;
  completion::ReviewOptions options;              // but what is known only once it runs
  std::function<void()> on_begin;                 // what has changed was read
  std::function<void(PlacedFinding)> on_finding;  // as soon as it is there
};

struct ReviewOutcome {
  std::vector<PlacedFinding> findings;
  std::vector<completion::Unreviewed> unreviewed;
  int n_files = 0;  // that were reviewed
  bool is_complete = false;
};

/// Errors: invalid_argument, not_found, io (no repository there, no such branch, ...), for people;
/// cancelled.
Result<ReviewOutcome> run_review_task(const completion::ModelUse& model, const ReviewTask& task);

}  // namespace fathom::lsp
