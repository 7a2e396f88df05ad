// The commands of workspace/executeCommand, by name. docs/lsp-extensions.md has their arguments.

#pragma once

#include <string_view>

#include "completion/assist_task.h"

namespace fathom::lsp {

/// A command that asks the model about code.
struct AssistCommand {
  const char* name;
  completion::AssistTask task;
  const char* title;  // of its code action, before " with fathom"
  const char* doing;  // of its progress: "explaining"

  /// Its answer can become an edit.
  constexpr bool writes() const {
    return task == completion::AssistTask::document || task == completion::AssistTask::fix ||
           task == completion::AssistTask::write_tests;
  }
};

inline constexpr AssistCommand kAssistCommands[] = {
    {"fathom.explain", completion::AssistTask::explain, "Explain", "explaining"},
    {"fathom.ask", completion::AssistTask::ask, "Ask", "reading"},
    {"fathom.findBugs", completion::AssistTask::find_bugs, "Find bugs", "looking for bugs in"},
    {"fathom.document", completion::AssistTask::document, "Write documentation", "documenting"},
    {"fathom.writeTests", completion::AssistTask::write_tests, "Write tests", "writing tests for"},
    {"fathom.fix", completion::AssistTask::fix, "Fix", "fixing"},
};

inline constexpr const char* kAnswerNowCommand = "fathom.answerNow";
inline constexpr const char* kReviewCommand = "fathom.review";
inline constexpr const char* kClearReviewCommand = "fathom.clearReview";
inline constexpr const char* kDismissFindingCommand = "fathom.dismissFinding";
inline constexpr const char* kAskAboutServerCommand = "fathom.askAboutServer";
/// Run by clients when they insert a suggestion.
inline constexpr const char* kDidAcceptCommand = "fathom.didAccept";

/// Null if it is not one of them.
constexpr const AssistCommand* find_assist_command(std::string_view name) {
  for (const AssistCommand& command : kAssistCommands)
    if (name == command.name) return &command;
  return nullptr;
}

}  // namespace fathom::lsp
