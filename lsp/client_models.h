// The models as one client may use them: those of servers only where its user has agreed.
//
// Where the configuration names a server for a role, the user is asked once for each server
// (window/showMessageRequest) whether text of the client's folders may be sent to it; what they
// said before, here or elsewhere, counts (completion/remote/consent.h). Until it is known there is
// no model for that role; after a no, or without an answer that could be understood, this machine's
// model serves. So it does for a client without a folder: nobody could tell later what was allowed.
//
// Main thread only, apart from what is said of callbacks.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "completion/assistant.h"
#include "completion/model_host.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/consent_desk.h"
#include "lsp/event_loop.h"
#include "lsp/router.h"
#include "lsp/transport.h"
#include "lsp/workspace.h"

namespace fathom::lsp {

/// What is shown while the user has not answered whether text may go to the server.
std::string words_of_waiting(const std::string& server);

class ClientModels final {
 public:
  using AssistantPtr = std::shared_ptr<completion::Assistant>;
  using OnReady = completion::ModelHost::OnReady;

  /// `desk` may be null: then nothing leaves this machine. The rest is borrowed for as long.
  /// `on_decision`: whether text may go to a server has become known.
  ClientModels(Transport& transport, Router& router, const Workspace& workspace,
               completion::ModelHost& models, ConsentDesk* desk, Log& log,
               std::function<void()> on_decision);

  /// The client may be asked from now on.
  void listen() { listens_ = true; }
  /// The client has other folders than before.
  void folders_changed();
  /// The user wants to be asked again.
  void ask_again();

  /// As in ModelHost; null, too, until it is known where text may go.
  AssistantPtr get(completion::Role role);
  /// As in ModelHost, on any thread; not at all if this goes first.
  void when_ready(completion::Role role, OnReady on_ready);
  completion::ModelState state(completion::Role role) const;

  /// The server that the role's text may not go to until the user has answered; "": none.
  std::string open_question(completion::Role role) const;
  /// Whether the user has said that text goes to the role's server; nothing: it has none, or they
  /// have said nothing.
  std::optional<bool> consent(completion::Role role) const;

 private:
  enum class Decision { looking_up, asking, yes, no };
  struct Waiting {
    completion::Role role;
    OnReady on_ready;
  };

  /// Nothing: it is not known yet.
  std::optional<completion::Reach> reach(completion::Role role) const;
  /// As above; if it is not known, this makes it so.
  std::optional<completion::Reach> find_reach(completion::Role role);
  void look_up(const std::string& origin);
  void ask(const std::string& origin, std::vector<std::string> folders);
  void decide(const std::string& origin, Decision decision);
  void ask_for_waiting();
  void record(const std::string& origin, std::vector<std::string> folders,
              completion::ConsentAnswer answer);

  const Poster post_;
  Router& router_;
  const Workspace& workspace_;
  completion::ModelHost& models_;
  ConsentDesk* const desk_;
  Log& log_;
  const std::function<void()> on_decision_;
  bool listens_ = false;
  std::map<std::string, Decision> decisions_;  // by origin of the server
  uint64_t n_changes_ = 0;                     // of folders: what was found out before is old
  std::vector<Waiting> waiting_;               // for a decision
};

}  // namespace fathom::lsp
