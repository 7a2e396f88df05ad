#include "lsp/client_models.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lsp/message_type.h"

namespace fathom::lsp {

using completion::ConsentAnswer;
using completion::Reach;
using completion::Role;

namespace {

constexpr const char* kSend = "Send";
constexpr const char* kNotNow = "Not Now";
constexpr const char* kNever = "Never for This Folder";

std::string question_about(const std::string& origin, const std::vector<std::string>& folders) {
  return fmt::format(
      "fathom: your configuration names the server {}. Text of files in {}, and of others that are "
      "open in this window, would be sent to it{}, credentials masked. May it?",
      origin, fmt::join(folders, ", "), completion::is_unencrypted(origin) ? ", unencrypted" : "");
}

/// Of the action that was chosen; "": none was.
std::string title_of(const Json* action) {
  if (!action || !action->is_object()) return "";
  const auto title = action->find("title");
  return title != action->end() && title->is_string() ? title->get<std::string>() : "";
}

}  // namespace

std::string words_of_waiting(const std::string& server) {
  return fmt::format("may text go to {}? Waiting for an answer", server);
}

ClientModels::ClientModels(Transport& transport, Router& router, const Workspace& workspace,
                           completion::ModelHost& models, ConsentDesk* desk, Log& log,
                           std::function<void()> on_decision)
    : post_(transport.poster()),
      router_(router),
      workspace_(workspace),
      models_(models),
      desk_(desk),
      log_(log),
      on_decision_(std::move(on_decision)) {}

void ClientModels::folders_changed() {
  ++n_changes_;
  decisions_.clear();
  ask_for_waiting();
  on_decision_();
}

void ClientModels::ask_again() {
  ++n_changes_;
  decisions_.clear();
  for (const Role role : completion::kRoles) {
    const std::string origin = open_question(role);
    if (!origin.empty() && !decisions_.contains(origin)) ask(origin, workspace_.folders());
  }
  on_decision_();
}

ClientModels::AssistantPtr ClientModels::get(Role role) {
  const std::optional<Reach> reach = find_reach(role);
  return reach ? models_.get(role, *reach) : nullptr;
}

void ClientModels::when_ready(Role role, OnReady on_ready) {
  if (const std::optional<Reach> reach = find_reach(role))
    return models_.when_ready(role, *reach, std::move(on_ready));
  waiting_.push_back({.role = role, .on_ready = std::move(on_ready)});
}

completion::ModelState ClientModels::state(Role role) const {
  const std::optional<Reach> known = reach(role);
  return known ? models_.state(role, *known) : *models_.server(role);
}

std::string ClientModels::open_question(Role role) const {
  return reach(role) ? "" : models_.server(role)->server;
}

std::optional<bool> ClientModels::consent(Role role) const {
  const std::optional<completion::ModelState> server = models_.server(role);
  const auto decision = server ? decisions_.find(server->server) : decisions_.end();
  if (decision == decisions_.end()) return std::nullopt;
  if (decision->second == Decision::yes) return true;
  return decision->second == Decision::no ? std::optional(false) : std::nullopt;
}

std::optional<Reach> ClientModels::reach(Role role) const {
  const std::optional<completion::ModelState> server = models_.server(role);
  if (!server || !desk_ || workspace_.folders().empty()) return Reach::this_machine;
  if (server->server.empty()) return Reach::servers;  // no address: nothing can be sent
  const auto decision = decisions_.find(server->server);
  if (decision == decisions_.end()) return std::nullopt;
  switch (decision->second) {
    case Decision::looking_up:
    case Decision::asking:
      return std::nullopt;
    case Decision::yes:
      return Reach::servers;
    case Decision::no:
      return Reach::this_machine;
  }
  return std::nullopt;
}

std::optional<Reach> ClientModels::find_reach(Role role) {
  const std::optional<Reach> known = reach(role);
  if (known || !listens_) return known;
  const std::string origin = models_.server(role)->server;
  if (!decisions_.contains(origin)) look_up(origin);
  return reach(role);
}

void ClientModels::look_up(const std::string& origin) {
  decisions_[origin] = Decision::looking_up;
  std::vector<std::string> folders = workspace_.folders();
  desk_->look_up(origin, folders,
                 [this, post = post_, origin, folders,
                  n_changes = n_changes_](const std::vector<ConsentAnswer>& answers) {
                   post([this, origin, folders, n_changes, answers] {
                     if (n_changes != n_changes_) return;
                     std::vector<std::string> unknown;
                     for (size_t i = 0; i < answers.size(); ++i)
                       if (answers[i] == ConsentAnswer::none) unknown.push_back(folders[i]);
                     const bool is_refused =
                         std::ranges::find(answers, ConsentAnswer::never) != answers.end();
                     if (is_refused) return decide(origin, Decision::no);
                     if (unknown.empty()) return decide(origin, Decision::yes);
                     ask(origin, std::move(unknown));
                   });
                 });
}

void ClientModels::ask(const std::string& origin, std::vector<std::string> folders) {
  decisions_[origin] = Decision::asking;
  on_decision_();  // what is waited for is another thing now
  const Json params = {
      {"type", int(MessageType::info)},
      {"message", question_about(origin, folders)},
      {"actions", {{{"title", kSend}}, {{"title", kNotNow}}, {{"title", kNever}}}}};
  router_.request_result(
      "window/showMessageRequest", params,
      [this, origin, folders = std::move(folders), n_changes = n_changes_](const Json* result) {
        if (n_changes != n_changes_) return;
        const std::string title = title_of(result);
        if (title == kSend) record(origin, folders, ConsentAnswer::yes);
        if (title == kNever) record(origin, folders, ConsentAnswer::never);
        decide(origin, title == kSend ? Decision::yes : Decision::no);
      });
}

void ClientModels::decide(const std::string& origin, Decision decision) {
  decisions_[origin] = decision;
  log_.info("text of this client {} to {}", decision == Decision::yes ? "may go" : "does not go",
            origin);
  ask_for_waiting();
  on_decision_();
}

/// Who still has to wait does so again.
void ClientModels::ask_for_waiting() {
  for (Waiting& waiting : std::exchange(waiting_, {}))
    when_ready(waiting.role, std::move(waiting.on_ready));
}

void ClientModels::record(const std::string& origin, std::vector<std::string> folders,
                          ConsentAnswer answer) {
  desk_->record(origin, std::move(folders), answer, [this, post = post_](const Status& recorded) {
    if (recorded) return;
    post([this, problem = recorded.error().message] {
      const std::string message =
          fmt::format("fathom: your answer holds for this session only: {}", problem);
      log_.warning("{}", message);
      router_.notify("window/showMessage",
                     {{"type", int(MessageType::warning)}, {"message", message}});
    });
  });
}

}  // namespace fathom::lsp
