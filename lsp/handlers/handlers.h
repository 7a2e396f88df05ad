// One function for each method of the protocol, one file for each function. Main thread; none
// waits. register_handlers.cpp is the table of all methods.

#pragma once

#include <string>

#include "lsp/protocol.h"
#include "lsp/reply.h"

namespace fathom::lsp {

class Session;

void register_handlers(Session& session);

// Lifecycle
void initialize(Session& session, const InitializeParams& params, Reply reply);
void initialized(Session& session, const NoParams& params);
void shutdown(Session& session, const NoParams& params, Reply reply);
void exit(Session& session, const NoParams& params);
void cancel_request(Session& session, const CancelParams& params);
void cancel_progress(Session& session, const ProgressCancelParams& params);
void answer_now(Session& session, const AnswerNowParams& params);

// Documents and workspace
void did_open(Session& session, const DidOpenParams& params);
void did_change(Session& session, const DidChangeParams& params);
void did_save(Session& session, const DocumentParams& params);
void did_close(Session& session, const DocumentParams& params);
/// Closes what there is no room for, and tells the client.
void let_go_of_document(Session& session, const std::string& uri);
void did_change_watched_files(Session& session, const WatchedFilesParams& params);
void did_change_configuration(Session& session, const ConfigurationParams& params);
void did_change_workspace_folders(Session& session, const FoldersParams& params);

// Suggestions and explanations
void inline_completion(Session& session, const InlineCompletionParams& params, Reply reply);
void completion(Session& session, const CompletionParams& params, Reply reply);
void code_action(Session& session, const CodeActionParams& params, Reply reply);
void code_action_resolve(Session& session, const CodeActionResolveParams& params, Reply reply);
void execute_command(Session& session, const ExecuteCommandParams& params, Reply reply);
void text_document_content(Session& session, const TextDocumentContentParams& params, Reply reply);

// What became of suggestions, and why they were what they were
void did_show_completion(Session& session, const SuggestionParams& params);
void did_partially_accept_completion(Session& session, const SuggestionParams& params);
void status(Session& session, const NoParams& params, Reply reply);
void choose_model(Session& session, const ChooseModelParams& params, Reply reply);
void ledger(Session& session, const LedgerParams& params, Reply reply);

}  // namespace fathom::lsp
