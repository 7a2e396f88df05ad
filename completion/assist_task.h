// What a chat model can be asked to do with a piece of code, and what its answer means for the
// text.
//
// Threads: any; plain data.

#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

enum class AssistTask { explain, ask, find_bugs, document, write_tests, fix };

/// Whether the answer holds code that takes the place of the code that was asked about.
constexpr bool is_edit(AssistTask task) {
  return task == AssistTask::document || task == AssistTask::fix;
}

/// What to ask. `details`: the question of `ask`, the diagnostic's text of `fix`; "" asks explain
/// for no more than what explaining is.
std::string question_of(AssistTask task, std::string_view details);

/// The code that replaces `original`, whole lines, after an answer to an editing task: indented as
/// the original is, ending as it ends, lines broken by \n. Errors: invalid_argument (the answer
/// holds no whole block of code, changes nothing, or changes more than it was asked to).
Result<std::string> replacement_of(AssistTask task, std::string_view original,
                                   std::string_view answer);

/// The name of a file with tests of `file_name`, as its language has them: "test_a.py" for "a.py".
std::string test_file_name(std::string_view file_name);

}  // namespace fathom::completion
