#include "lsp/handlers/handlers.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

template <class Params>
void on(Session& session, const char* method, void (*handler)(Session&, const Params&, Reply)) {
  session.router().on_request<Params>(method,
                                      [&session, handler](const Params& params, Reply reply) {
                                        handler(session, params, std::move(reply));
                                      });
}

template <class Params>
void on(Session& session, const char* method, void (*handler)(Session&, const Params&)) {
  session.router().on_notification<Params>(
      method, [&session, handler](const Params& params) { handler(session, params); });
}

void ignore(Session&, const NoParams&) {}

}  // namespace

void register_handlers(Session& session) {
  on(session, "initialize", initialize);
  on(session, "initialized", initialized);
  on(session, "shutdown", shutdown);
  on(session, "exit", exit);
  on(session, "$/cancelRequest", cancel_request);
  on(session, "$/setTrace", ignore);
  on(session, "window/workDoneProgress/cancel", cancel_progress);

  on(session, "textDocument/didOpen", did_open);
  on(session, "textDocument/didChange", did_change);
  on(session, "textDocument/didClose", did_close);
  on(session, "textDocument/didSave", did_save);
  on(session, "workspace/didChangeConfiguration", did_change_configuration);
  on(session, "workspace/didChangeWorkspaceFolders", did_change_workspace_folders);
  on(session, "workspace/didChangeWatchedFiles", did_change_watched_files);

  on(session, "textDocument/inlineCompletion", inline_completion);
  on(session, "textDocument/completion", completion);
  on(session, "textDocument/codeAction", code_action);
  on(session, "codeAction/resolve", code_action_resolve);
  on(session, "workspace/executeCommand", execute_command);
  on(session, "workspace/textDocumentContent", text_document_content);

  // Beyond the protocol: docs/lsp-extensions.md.
  on(session, "textDocument/didShowCompletion", did_show_completion);
  on(session, "textDocument/didPartiallyAcceptCompletion", did_partially_accept_completion);
  on(session, "fathom/answerNow", answer_now);
  on(session, "fathom/chooseModel", choose_model);
  on(session, "fathom/ledger", ledger);
  on(session, "fathom/status", status);
}

}  // namespace fathom::lsp
