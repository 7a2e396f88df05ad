// The parts of LSP 3.18 that fathom reads, as plain data.
//
// One struct for the parameters of each method, one parse() for each struct. parse() fails with
// invalid_argument; the message names the member, e.g. "position.line is not a number". Members
// that are null count as absent, unknown ones are ignored. Immutable data, no threads.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "lsp/document.h"
#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/position.h"
#include "lsp/settings.h"
#include "lsp/workspace_edit.h"

namespace fathom::lsp {

struct NoParams {};

/// What the client can do, as far as it matters here.
struct ClientCapabilities {
  bool has_inline_completion = false;
  bool has_work_done_progress = false;
  bool has_configuration = false;           // answers workspace/configuration
  bool can_register_configuration = false;  // for workspace/didChangeConfiguration
  bool can_register_watched_files = false;  // for workspace/didChangeWatchedFiles
  bool has_code_action_literals = false;
  bool can_resolve_edits = false;  // of code actions: keeps their data, and asks for their edits
  bool has_text_document_content = false;
  bool has_show_document = false;
  EditSupport edits;
};

struct InitializeParams {
  std::optional<int64_t> process_id;
  std::vector<std::string> folder_uris;  // workspaceFolders, or else rootUri, or else rootPath
  std::vector<std::string> position_encodings;
  ClientCapabilities capabilities;
  ClientSettings settings;
  std::string client_name;     // clientInfo; "": not given
  std::string client_version;  // as above
  std::string token;           // initializationOptions.token, for a daemon that wants one
};

struct CancelParams {
  RequestId id;
};

struct ProgressCancelParams {
  RequestId token;
};

struct DidOpenParams {
  std::string uri;
  std::string language;
  int64_t version = 0;
  std::string text;
};

struct DidChangeParams {
  std::string uri;
  int64_t version = 0;
  std::vector<ContentChange> changes;  // each applies to the result of the one before
};

/// Of didClose and didSave.
struct DocumentParams {
  std::string uri;
};

struct WatchedFilesParams {
  std::vector<std::string> uris;  // that were made, changed or deleted
};

struct ConfigurationParams {
  std::optional<ClientSettings> settings;  // nothing: the client said only that something changed
};

struct FoldersParams {
  std::vector<std::string> added;
  std::vector<std::string> removed;
};

/// The entry of the completion menu that is selected while inline completions are asked for.
struct SelectedCompletion {
  Range range;
  std::string text;
};

struct InlineCompletionParams {
  std::string uri;
  Position position;
  bool automatic = false;
  std::optional<SelectedCompletion> selected;
};

struct CompletionParams {
  std::string uri;
  Position position;
  bool invoked = false;  // by a person, or by a client of its own accord while one types a name
};

struct Diagnostic {
  Range range;
  std::string message;
  std::string fingerprint;  // of a finding of ours; "": it is none
  std::string json;         // all of it, to be given back
};

struct CodeActionParams {
  std::string uri;
  Range range;
  std::optional<std::vector<std::string>> only;  // the kinds of actions that the client wants
  std::vector<Diagnostic> diagnostics;
  bool automatic = false;  // nobody has asked yet: the client looks whether there is something
};

/// What is done about code, on a client's command or for its edit alone.
struct AssistArguments {
  std::string uri;
  std::optional<Range> range;  // nothing: the whole document
  std::string question;
  std::string diagnostic;  // what to fix
  bool show = false;  // the server shows the answer itself, for clients that know nothing of fathom
  bool apply = false;  // the server asks the client to make the edit
};

/// What to review.
struct ReviewArguments {
  std::string uri;  // a file or folder of the repository; "": the first folder
  std::string scope = "changes";
  std::string base;   // of the scope "branch"; "": the default branch
  bool show = false;  // as in AssistArguments; a client that sends no arguments wants it
};

/// A finding of a review.
struct FindingArguments {
  std::string uri;
  std::string fingerprint;
};

struct AnswerNowParams {
  RequestId token;
};

struct ExecuteCommandParams {
  std::string command;
  std::optional<RequestId> work_done_token;
  AssistArguments assist;      // if the command is one of kAssistCommands
  AnswerNowParams answer_now;  // if it is kAnswerNowCommand
  uint64_t suggestion = 0;     // if it is kDidAcceptCommand
  ReviewArguments review;      // if it is kReviewCommand
  FindingArguments finding;    // if it is kDismissFindingCommand
};

/// A code action of ours that the client wants the edit of.
struct CodeActionResolveParams {
  std::string json;     // all of it, to be given back
  std::string command;  // one of kAssistCommands that writes code
  AssistArguments assist;
};

struct TextDocumentContentParams {
  std::string uri;
};

/// What became of a suggestion, as GitHub's Copilot language server is told it.
struct SuggestionParams {
  uint64_t suggestion = 0;  // 0: the item names none of ours
};

struct ChooseModelParams {
  /// As for --model; "": the built-in one; nothing: what the configuration says.
  std::optional<std::string> model;
};

struct LedgerParams {
  std::string uri;
};

Status parse(const Json& json, NoParams& out);
Status parse(const Json& json, InitializeParams& out);
Status parse(const Json& json, CancelParams& out);
Status parse(const Json& json, ProgressCancelParams& out);
Status parse(const Json& json, DidOpenParams& out);
Status parse(const Json& json, DidChangeParams& out);
Status parse(const Json& json, DocumentParams& out);
Status parse(const Json& json, WatchedFilesParams& out);
Status parse(const Json& json, ConfigurationParams& out);
Status parse(const Json& json, FoldersParams& out);
Status parse(const Json& json, InlineCompletionParams& out);
Status parse(const Json& json, CompletionParams& out);
Status parse(const Json& json, CodeActionParams& out);
Status parse(const Json& json, CodeActionResolveParams& out);
Status parse(const Json& json, ExecuteCommandParams& out);
Status parse(const Json& json, AnswerNowParams& out);
Status parse(const Json& json, TextDocumentContentParams& out);
Status parse(const Json& json, SuggestionParams& out);
Status parse(const Json& json, ChooseModelParams& out);
Status parse(const Json& json, LedgerParams& out);

Json to_json(const RequestId& id);
Json to_json(const Range& range);

}  // namespace fathom::lsp
