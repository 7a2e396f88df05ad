#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "lsp/commands.h"
#include "lsp/handlers/handlers.h"
#include "lsp/server_token.h"
#include "lsp/session.h"

namespace fathom::lsp {
namespace {

/// UTF-8 where the client can: it is what the text is kept in. UTF-16 is the protocol's default.
PositionEncoding choose_encoding(const std::vector<std::string>& offered) {
  for (const PositionEncoding encoding :
       {PositionEncoding::utf8, PositionEncoding::utf16, PositionEncoding::utf32})
    if (std::ranges::find(offered, name_of(encoding)) != offered.end()) return encoding;
  return PositionEncoding::utf16;
}

Json commands() {
  Json names = Json::array({kAnswerNowCommand, kDidAcceptCommand, kReviewCommand,
                            kClearReviewCommand, kDismissFindingCommand, kAskAboutServerCommand});
  for (const AssistCommand& command : kAssistCommands) names.push_back(command.name);
  return names;
}

Json code_actions_for(const ClientCapabilities& client) {
  if (!client.has_code_action_literals) return true;
  Json options = {{"codeActionKinds", {"quickfix", "refactor.rewrite"}}};
  if (client.can_resolve_edits) options["resolveProvider"] = true;
  return options;
}

/// What the engine works with, in the words of the command line.
std::vector<std::string> engine_arguments(const Session& session) {
  std::vector<std::string> arguments = session.options().engine_arguments;
  const std::optional<std::string> chosen = session.services().models.chosen();
  if (!chosen) return arguments;
  if (!arguments.empty() && arguments.front() == "--model")
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  if (!chosen->empty()) arguments.insert(arguments.begin(), {"--model", *chosen});
  return arguments;
}

Json capabilities_for(const Client& client, const std::vector<std::string>& engine_arguments) {
  constexpr int kIncrementalSync = 2;
  Json capabilities = {
      {"positionEncoding", name_of(client.encoding)},
      {"textDocumentSync", {{"openClose", true}, {"change", kIncrementalSync}, {"save", true}}},
      {"inlineCompletionProvider", true},
      {"codeActionProvider", code_actions_for(client.capabilities)},
      {"executeCommandProvider", {{"commands", commands()}, {"workDoneProgress", true}}},
      {"experimental", {{"fathom", {{"engineArguments", engine_arguments}}}}},
      {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}},
  };
  if (client.capabilities.has_text_document_content)
    capabilities["workspace"]["textDocumentContent"] = {
        {"schemes", Json::array({VirtualDocuments::kScheme})}};
  // For clients without inline completion only: others would show every suggestion twice.
  if (!client.capabilities.has_inline_completion)
    capabilities["completionProvider"] = Json::object();
  return capabilities;
}

}  // namespace

/// initialize
void initialize(Session& session, const InitializeParams& params, Reply reply) {
  const SessionOptions& options = session.options();
  const bool may_enter = options.token.empty() || is_token(params.token, options.token);
  if (!may_enter || !options.refusal.empty()) {
    session.log().warning("client {} was turned away: {}", options.client,
                          may_enter ? options.refusal : "its token is wrong");
    reply.fail(RpcError::request_failed,
               may_enter ? options.refusal
                         : "initializationOptions.token is not what the daemon's token file holds");
    return session.leave();
  }
  session.initialized_by({.name = params.client_name,
                          .version = params.client_version,
                          .encoding = choose_encoding(params.position_encodings),
                          .capabilities = params.capabilities});
  session.set_client_settings(params.settings);
  for (const std::string& folder : params.folder_uris) session.workspace().add(folder);
  if (params.process_id) session.transport().watch_process(*params.process_id);
  reply.ok({{"capabilities", capabilities_for(session.client(), engine_arguments(session))},
            {"serverInfo", {{"name", "fathom"}, {"version", session.options().version}}}});
}

}  // namespace fathom::lsp
