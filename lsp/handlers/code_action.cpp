#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/first_words.h"
#include "lsp/handlers/finding_actions.h"
#include "lsp/handlers/handlers.h"
#include "lsp/handlers/warm_up.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

using completion::AssistTask;

constexpr const char* kQuickFix = "quickfix";
constexpr const char* kRewrite = "refactor.rewrite";
constexpr size_t kMaxFixes = 8;
constexpr uint32_t kLinesAroundFix = 10;  // what is wrong on a line often has its cause near it

/// Actions without a kind are for clients that do not ask for certain kinds. An action of a kind
/// below one that is asked for fits: kinds are paths of names with dots.
bool is_wanted(const CodeActionParams& params, std::string_view kind) {
  if (!params.only) return true;
  return std::ranges::any_of(*params.only, [kind](std::string_view only) {
    return only.empty() || kind == only ||
           (kind.starts_with(only) && kind.substr(only.size()).starts_with('.'));
  });
}

/// A CodeAction, or the bare Command for clients that know nothing else. Where the client asks for
/// edits by codeAction/resolve, one that writes code has no command.
Json action_of(const ClientCapabilities& client, std::string title, const AssistCommand& command,
               Json arguments, std::string_view kind) {
  Json action = {{"title", title}};
  if (!kind.empty()) action["kind"] = kind;
  if (client.can_resolve_edits && command.writes()) {
    action["data"] = {{"command", command.name}, {"arguments", std::move(arguments)}};
    return action;
  }
  arguments["show"] = true;
  if (command.writes()) arguments["apply"] = true;
  Json as_command = {{"title", std::move(title)},
                     {"command", command.name},
                     {"arguments", Json::array({std::move(arguments)})}};
  if (!client.has_code_action_literals) return as_command;
  action["command"] = std::move(as_command);
  return action;
}

/// The lines of a diagnostic and some around them.
Range range_to_fix(const Document& document, const Range& range) {
  const auto last_line = static_cast<uint32_t>(document.n_lines() - 1);
  const uint32_t end = std::min(range.end.line + kLinesAroundFix, last_line);
  return {.start = {.line = range.start.line - std::min(range.start.line, kLinesAroundFix)},
          .end = document.position_of(
              document.end_of_line(document.offset_of({.line = end}).value_or(0)))};
}

Json fix_of(const ClientCapabilities& client, const Document& document,
            const Diagnostic& diagnostic) {
  const AssistCommand& command = *find_assist_command("fathom.fix");
  const Json arguments = {{"uri", document.uri()},
                          {"range", to_json(range_to_fix(document, diagnostic.range))},
                          {"diagnostic", diagnostic.message}};
  Json action =
      action_of(client, fmt::format("Fix with fathom: {}", first_words(diagnostic.message)),
                command, arguments, kQuickFix);
  if (client.has_code_action_literals)
    action["diagnostics"] = Json::array({Json::parse(diagnostic.json)});
  return action;
}

/// What is wrong there has a better fix than what the model would say if it was asked again.
bool is_with_suggestion(const Diagnostic& diagnostic, const std::vector<PlacedFinding>& findings) {
  return std::ranges::any_of(findings, [&](const PlacedFinding& finding) {
    return finding.about.suggestion && finding.about.fingerprint == diagnostic.fingerprint;
  });
}

}  // namespace

/// textDocument/codeAction: what can be asked about a range. Each action is a command, or data to
/// resolve; those that write code let the client show the edit before it is made.
void code_action(Session& session, const CodeActionParams& params, Reply reply) {
  const Document* document = session.documents().find(params.uri);
  if (!document)
    return reply.fail(RpcError::invalid_params, "the document is not open: " + params.uri);
  if (params.range.start == params.range.end) warm_up_soon(session, params.uri, params.range.end);
  const ClientCapabilities& client = session.capabilities();
  Json actions = Json::array();
  if (is_wanted(params, kQuickFix)) {
    const std::vector<PlacedFinding> findings = session.findings().at(params.uri, params.range);
    for (const PlacedFinding& finding : findings)
      add_actions_of(finding, *document, client, actions);
    for (const Diagnostic& diagnostic : params.diagnostics) {
      if (actions.size() < kMaxFixes && !is_with_suggestion(diagnostic, findings))
        actions.push_back(fix_of(client, *document, diagnostic));
    }
  }
  // Otherwise every line would have a light bulb.
  const bool nobody_asked = params.automatic && params.range.start == params.range.end;
  if (nobody_asked) return reply.ok(actions);
  for (const AssistCommand& command : kAssistCommands) {
    if (command.task == AssistTask::ask || command.task == AssistTask::fix) continue;
    const char* kind = command.writes() ? kRewrite : "";
    if (!is_wanted(params, kind)) continue;
    const Json arguments = {{"uri", params.uri}, {"range", to_json(params.range)}};
    actions.push_back(
        action_of(client, fmt::format("{} with fathom", command.title), command, arguments, kind));
  }
  reply.ok(actions);
}

}  // namespace fathom::lsp
