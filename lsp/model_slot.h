// What one client is told of the models, which it shares with others: work-done progress while one
// loads where the client shows that, log messages elsewhere, and an error message if there will be
// none; and didChangeStatus for a status line. And the client's wish for another one.
//
// Nothing is told before listen(): the protocol forbids it until `initialized`. Main thread only.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "completion/model_host.h"
#include "lsp/client_models.h"
#include "lsp/event_loop.h"
#include "lsp/reply.h"
#include "lsp/router.h"
#include "lsp/transport.h"

namespace fathom::lsp {

class ModelSlot final {
 public:
  ModelSlot(Transport& transport, Router& router, const ClientModels& models,
            completion::ModelHost& host)
      : post_(transport.poster()), router_(router), models_(models), host_(host) {}

  /// The client may be told from now on.
  void listen(bool has_progress);
  /// The state of a role's model may be another one.
  void update(completion::Role role);
  /// Takes another model for completions, for all clients; answers once it is loaded. If it cannot
  /// be, the one before is taken again.
  void choose(const std::string& model, Reply reply);

 private:
  /// What the client knows of a role's model.
  struct Told {
    completion::ModelState::Phase phase = completion::ModelState::Phase::unloaded;
    std::string error;            // shown last
    std::string problem;          // of its server
    std::string message;          // of its status
    bool shows_progress = false;  // progress was begun and not ended
    int percentage = 0;
  };

  void begin(completion::Role role, const completion::ModelState& state);
  void report(completion::Role role, double progress);
  void end(completion::Role role, const completion::ModelState& state);
  void tell_problem(completion::Role role, const completion::ModelState& state);

  const Poster post_;
  Router& router_;
  const ClientModels& models_;
  completion::ModelHost& host_;
  std::map<uint64_t, Reply> choosing_;
  uint64_t last_choice_ = 0;
  std::array<Told, 2> told_;  // by role
  bool listens_ = false;
  bool has_progress_ = false;
};

}  // namespace fathom::lsp
