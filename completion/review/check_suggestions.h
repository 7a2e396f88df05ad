// Tries suggestions on a copy of the files: those under which a person's command fails are dropped.
//
// The command runs with that person's rights, on code that may be a stranger's: nothing runs unless
// it was asked for on the command line.
//
// Threads: any; waits.

#pragma once

#include <functional>
#include <string>

#include "completion/review/finding.h"
#include "completion/review/git_repository.h"
#include "engine/base/cancel.h"

namespace fathom::completion {

struct SuggestionCheck {
  std::string command;                                // "cmake --build . && ctest"
  int max_seconds = 300;                              // for each suggestion
  CancelToken cancel;                                 // the rest is dropped
  std::function<void(int n, int total)> on_progress;  // before each
};

/// Runs the command once for each suggestion, applied alone to the newer state of the request, in a
/// temporary folder that has the files but no .git. What passes is marked as Suggestion::checked;
/// what does not is taken from its finding and counted. Gives the last lines that the command
/// printed when it last failed, or "".
///
/// Errors: io (the files cannot be copied).
Result<std::string> check_suggestions(ReviewReport& report, const GitRepository& repository,
                                      const ChangeRequest& request, const SuggestionCheck& check);

}  // namespace fathom::completion
