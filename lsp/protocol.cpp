#include "lsp/protocol.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/json_text.h"

namespace fathom::lsp {
namespace {

tl::unexpected<Error> not_a(std::string_view type) {
  return fail(ErrorCode::invalid_argument, " is not {}", type);
}

Status read(const Json& json, bool& out) {
  if (!json.is_boolean()) return not_a("true or false");
  out = json.get<bool>();
  return {};
}

Status read(const Json& json, int64_t& out) {
  if (!json.is_number_integer()) return not_a("an integer");
  out = json.get<int64_t>();
  return {};
}

/// The protocol's "uinteger": at most 2^31 - 1.
Status read(const Json& json, uint32_t& out) {
  if (!json.is_number_integer() || json.get<int64_t>() < 0 ||
      json.get<int64_t>() > std::numeric_limits<int32_t>::max())
    return not_a("a number between 0 and 2147483647");
  out = json.get<uint32_t>();
  return {};
}

Status read(const Json& json, std::string& out) {
  if (!json.is_string()) return not_a("a string");
  out = json.get_ref<const std::string&>();
  return {};
}

Status read(const Json& json, RequestId& out) {
  if (json.is_string()) {
    out = json.get<std::string>();
  } else if (json.is_number_integer()) {
    out = json.get<int64_t>();
  } else {
    return not_a("an integer or a string");
  }
  return {};
}

Status read(const Json& json, Position& out);
Status read(const Json& json, Range& out);
Status read(const Json& json, ContentChange& out);
Status read(const Json& json, SelectedCompletion& out);
Status read(const Json& json, AssistArguments& out);
Status read(const Json& json, AnswerNowParams& out);
Status read(const Json& json, ReviewArguments& out);
Status read(const Json& json, FindingArguments& out);
Status read(const Json& json, Diagnostic& out);
Status read(const Json& json, EditSupport& out);
Status read(const Json& json, ClientCapabilities& out);

template <class T>
Status read(const Json& json, std::vector<T>& out) {
  if (!json.is_array()) return not_a("an array");
  for (const Json& element : json) {
    T value;
    FATHOM_CHECK(read(element, value));
    out.push_back(std::move(value));
  }
  return {};
}

/// The member, or null if it is absent or null. `path` has parts joined by dots.
const Json* find(const Json& json, std::string_view path) {
  const Json* found = &json;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string part(path.substr(0, dot));
    if (!found->is_object()) return nullptr;
    const auto member = found->find(part);
    if (member == found->end() || member->is_null()) return nullptr;
    found = &*member;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return found;
}

/// Puts the member's name before what is wrong with it: "position" + ".line is not a number".
tl::unexpected<Error> below(std::string_view path, Error error) {
  const bool is_nested = !error.message.starts_with(' ');
  error.message = std::string(path) + (is_nested ? "." : "") + error.message;
  return tl::unexpected<Error>(std::move(error));
}

template <class T>
Status read_optional(const Json& json, std::string_view path, T& out) {
  const Json* member = find(json, path);
  if (!member) return {};
  if (Status status = read(*member, out); !status) return below(path, std::move(status.error()));
  return {};
}

template <class T>
Status read_optional(const Json& json, std::string_view path, std::optional<T>& out) {
  if (!find(json, path)) return {};
  return read_optional(json, path, out.emplace());
}

template <class T>
Status read_member(const Json& json, std::string_view path, T& out) {
  if (!find(json, path)) return below(path, {ErrorCode::invalid_argument, " is missing"});
  return read_optional(json, path, out);
}

Status read(const Json& json, Position& out) {
  FATHOM_CHECK(read_member(json, "line", out.line));
  return read_member(json, "character", out.character);
}

Status read(const Json& json, Range& out) {
  FATHOM_CHECK(read_member(json, "start", out.start));
  return read_member(json, "end", out.end);
}

Status read(const Json& json, ContentChange& out) {
  FATHOM_CHECK(read_optional(json, "range", out.range));
  return read_member(json, "text", out.text);
}

Status read(const Json& json, SelectedCompletion& out) {
  FATHOM_CHECK(read_member(json, "range", out.range));
  return read_member(json, "text", out.text);
}

Status read(const Json& json, AssistArguments& out) {
  FATHOM_CHECK(read_member(json, "uri", out.uri));
  FATHOM_CHECK(read_optional(json, "range", out.range));
  FATHOM_CHECK(read_optional(json, "question", out.question));
  FATHOM_CHECK(read_optional(json, "diagnostic", out.diagnostic));
  FATHOM_CHECK(read_optional(json, "show", out.show));
  return read_optional(json, "apply", out.apply);
}

Status read(const Json& json, AnswerNowParams& out) {
  return read_member(json, "token", out.token);
}

Status read(const Json& json, ReviewArguments& out) {
  if (!json.is_object()) return not_a("an object");
  FATHOM_CHECK(read_optional(json, "uri", out.uri));
  FATHOM_CHECK(read_optional(json, "scope", out.scope));
  if (out.scope != "changes" && out.scope != "staged" && out.scope != "branch")
    return fail(ErrorCode::invalid_argument, "scope is none of changes, staged, branch");
  FATHOM_CHECK(read_optional(json, "base", out.base));
  return read_optional(json, "show", out.show);
}

Status read(const Json& json, FindingArguments& out) {
  FATHOM_CHECK(read_member(json, "uri", out.uri));
  return read_member(json, "fingerprint", out.fingerprint);
}

Status read(const Json& json, Diagnostic& out) {
  FATHOM_CHECK(read_member(json, "range", out.range));
  FATHOM_CHECK(read_member(json, "message", out.message));
  // Those of others may have anything there.
  const Json* fingerprint = find(json, "data.fingerprint");
  if (fingerprint && fingerprint->is_string()) out.fingerprint = fingerprint->get<std::string>();
  out.json = to_text(json);
  return {};
}

Status read(const Json& json, EditSupport& out) {
  FATHOM_CHECK(read_optional(json, "documentChanges", out.document_changes));
  out.annotations = find(json, "changeAnnotationSupport") != nullptr;
  std::vector<std::string> operations;
  FATHOM_CHECK(read_optional(json, "resourceOperations", operations));
  out.create = std::ranges::find(operations, "create") != operations.end();
  return {};
}

Status read(const Json& json, ClientCapabilities& out) {
  out.has_inline_completion = find(json, "textDocument.inlineCompletion") != nullptr;
  out.has_code_action_literals =
      find(json, "textDocument.codeAction.codeActionLiteralSupport") != nullptr;
  std::vector<std::string> resolved;
  FATHOM_CHECK(read_optional(json, "textDocument.codeAction.resolveSupport.properties", resolved));
  FATHOM_CHECK(read_optional(json, "textDocument.codeAction.dataSupport", out.can_resolve_edits));
  out.can_resolve_edits = out.can_resolve_edits && out.has_code_action_literals &&
                          std::ranges::find(resolved, "edit") != resolved.end();
  out.has_text_document_content = find(json, "workspace.textDocumentContent") != nullptr;
  FATHOM_CHECK(read_optional(json, "window.workDoneProgress", out.has_work_done_progress));
  FATHOM_CHECK(read_optional(json, "window.showDocument.support", out.has_show_document));
  FATHOM_CHECK(read_optional(json, "workspace.configuration", out.has_configuration));
  FATHOM_CHECK(read_optional(json, "workspace.didChangeConfiguration.dynamicRegistration",
                             out.can_register_configuration));
  FATHOM_CHECK(read_optional(json, "workspace.didChangeWatchedFiles.dynamicRegistration",
                             out.can_register_watched_files));
  return read_optional(json, "workspace.workspaceEdit", out.edits);
}

/// The only argument of a command.
template <class T>
Status read_argument(const Json& json, T& out) {
  std::vector<T> arguments;
  FATHOM_CHECK(read_member(json, "arguments", arguments));
  if (arguments.size() != 1)
    return fail(ErrorCode::invalid_argument, "arguments must hold one object, not {}",
                arguments.size());
  out = std::move(arguments.front());
  return {};
}

/// Of a command that may be run without one: then with `show`, because such a client knows nothing
/// of fathom.
Status read_review_argument(const Json& json, ReviewArguments& out) {
  const Json* arguments = find(json, "arguments");
  if (arguments && !arguments->empty()) return read_argument(json, out);
  out.show = true;
  return {};
}

Status check_complete(const AssistCommand& command, const AssistArguments& arguments) {
  using completion::AssistTask;
  if (command.task == AssistTask::ask && arguments.question.empty())
    return fail(ErrorCode::invalid_argument, "question is missing");
  if (command.task == AssistTask::fix && arguments.diagnostic.empty())
    return fail(ErrorCode::invalid_argument, "diagnostic is missing");
  return {};
}

/// The suggestion that an item's command names; 0 if it is none of ours.
uint64_t suggestion_of(const Json& item) {
  const Json* command = find(item, "command.command");
  const Json* arguments = find(item, "command.arguments");
  if (!command || *command != kDidAcceptCommand || !arguments || !arguments->is_array() ||
      arguments->empty())
    return 0;
  const Json* id = find(arguments->front(), "id");
  return id && id->is_number_unsigned() ? id->get<uint64_t>() : 0;
}

Status read_uris(const Json& json, std::string_view path, std::vector<std::string>& out) {
  const Json* entries = find(json, path);
  if (!entries) return {};
  if (!entries->is_array()) return below(path, {ErrorCode::invalid_argument, " is not an array"});
  for (const Json& entry : *entries) {
    std::string uri;
    FATHOM_CHECK(read_member(entry, "uri", uri));
    out.push_back(std::move(uri));
  }
  return {};
}

}  // namespace

Status parse(const Json&, NoParams&) { return {}; }

Status parse(const Json& json, InitializeParams& out) {
  FATHOM_CHECK(read_optional(json, "processId", out.process_id));
  FATHOM_CHECK(read_uris(json, "workspaceFolders", out.folder_uris));
  for (const char* root : {"rootUri", "rootPath"}) {
    if (!out.folder_uris.empty()) break;
    std::optional<std::string> folder;
    FATHOM_CHECK(read_optional(json, root, folder));
    if (folder) out.folder_uris.push_back(std::move(*folder));
  }
  FATHOM_CHECK(
      read_optional(json, "capabilities.general.positionEncodings", out.position_encodings));
  FATHOM_CHECK(read_optional(json, "capabilities", out.capabilities));
  FATHOM_CHECK(read_optional(json, "clientInfo.name", out.client_name));
  FATHOM_CHECK(read_optional(json, "clientInfo.version", out.client_version));
  FATHOM_CHECK(read_optional(json, "initializationOptions.token", out.token));
  if (const Json* settings = find(json, "initializationOptions"))
    out.settings = read_settings(*settings);
  return {};
}

Status parse(const Json& json, CancelParams& out) { return read_member(json, "id", out.id); }

Status parse(const Json& json, ProgressCancelParams& out) {
  return read_member(json, "token", out.token);
}

Status parse(const Json& json, DidOpenParams& out) {
  FATHOM_CHECK(read_member(json, "textDocument.uri", out.uri));
  FATHOM_CHECK(read_optional(json, "textDocument.languageId", out.language));
  FATHOM_CHECK(read_optional(json, "textDocument.version", out.version));
  return read_member(json, "textDocument.text", out.text);
}

Status parse(const Json& json, DidChangeParams& out) {
  FATHOM_CHECK(read_member(json, "textDocument.uri", out.uri));
  FATHOM_CHECK(read_optional(json, "textDocument.version", out.version));
  return read_member(json, "contentChanges", out.changes);
}

Status parse(const Json& json, DocumentParams& out) {
  return read_member(json, "textDocument.uri", out.uri);
}

Status parse(const Json& json, WatchedFilesParams& out) {
  return read_uris(json, "changes", out.uris);
}

Status parse(const Json& json, ConfigurationParams& out) {
  if (const Json* settings = find(json, "settings.fathom")) out.settings = read_settings(*settings);
  return {};
}

Status parse(const Json& json, FoldersParams& out) {
  FATHOM_CHECK(read_uris(json, "event.added", out.added));
  return read_uris(json, "event.removed", out.removed);
}

Status parse(const Json& json, InlineCompletionParams& out) {
  FATHOM_CHECK(read_member(json, "textDocument.uri", out.uri));
  FATHOM_CHECK(read_member(json, "position", out.position));
  // 2 is automatic. Clients that forward VS Code's own numbering send 0 for invoked, and for them
  // 1 is automatic: taken as invoked, which costs them a filter and loses nothing.
  int64_t trigger = 2;
  FATHOM_CHECK(read_optional(json, "context.triggerKind", trigger));
  out.automatic = trigger == 2;
  return read_optional(json, "context.selectedCompletionInfo", out.selected);
}

Status parse(const Json& json, CompletionParams& out) {
  FATHOM_CHECK(read_member(json, "textDocument.uri", out.uri));
  FATHOM_CHECK(read_member(json, "position", out.position));
  constexpr int64_t kInvoked = 1;
  int64_t trigger = 0;
  FATHOM_CHECK(read_optional(json, "context.triggerKind", trigger));
  out.invoked = trigger == kInvoked;
  return {};
}

Status parse(const Json& json, CodeActionParams& out) {
  FATHOM_CHECK(read_member(json, "textDocument.uri", out.uri));
  FATHOM_CHECK(read_member(json, "range", out.range));
  FATHOM_CHECK(read_optional(json, "context.only", out.only));
  FATHOM_CHECK(read_optional(json, "context.diagnostics", out.diagnostics));
  constexpr int64_t kAutomatic = 2;
  int64_t trigger = 0;
  FATHOM_CHECK(read_optional(json, "context.triggerKind", trigger));
  out.automatic = trigger == kAutomatic;
  return {};
}

Status parse(const Json& json, CodeActionResolveParams& out) {
  out.json = to_text(json);
  FATHOM_CHECK(read_member(json, "data.command", out.command));
  const AssistCommand* command = find_assist_command(out.command);
  if (!command || !command->writes())
    return fail(ErrorCode::invalid_argument, "data.command names no action with an edit");
  FATHOM_CHECK(read_member(json, "data.arguments", out.assist));
  return check_complete(*command, out.assist);
}

Status parse(const Json& json, ExecuteCommandParams& out) {
  FATHOM_CHECK(read_member(json, "command", out.command));
  FATHOM_CHECK(read_optional(json, "workDoneToken", out.work_done_token));
  if (const AssistCommand* command = find_assist_command(out.command)) {
    FATHOM_CHECK(read_argument(json, out.assist));
    return check_complete(*command, out.assist);
  }
  if (out.command == kReviewCommand) return read_review_argument(json, out.review);
  if (out.command == kDismissFindingCommand) return read_argument(json, out.finding);
  if (out.command == kAnswerNowCommand) return read_argument(json, out.answer_now);
  if (out.command == kDidAcceptCommand) out.suggestion = suggestion_of({{"command", json}});
  return {};
}

Status parse(const Json& json, AnswerNowParams& out) { return read(json, out); }

Status parse(const Json& json, TextDocumentContentParams& out) {
  return read_member(json, "uri", out.uri);
}

Status parse(const Json& json, SuggestionParams& out) {
  if (const Json* item = find(json, "item")) out.suggestion = suggestion_of(*item);
  return {};
}

Status parse(const Json& json, ChooseModelParams& out) {
  const bool is_null = json.is_object() && json.contains("model") && json["model"].is_null();
  return is_null ? Status() : read_member(json, "model", out.model);
}

Status parse(const Json& json, LedgerParams& out) {
  return read_member(json, "textDocument.uri", out.uri);
}

Json to_json(const RequestId& id) {
  return std::visit([](const auto& value) { return Json(value); }, id);
}

Json to_json(const Range& range) {
  const auto position = [](Position p) {
    return Json{{"line", p.line}, {"character", p.character}};
  };
  return {{"start", position(range.start)}, {"end", position(range.end)}};
}

}  // namespace fathom::lsp
