// What all sessions of a process share, and who owns it.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "completion/acceptance.h"
#include "completion/config_watch.h"
#include "completion/counters.h"
#include "completion/model_host.h"
#include "completion/workspaces.h"
#include "lsp/consent_desk.h"

namespace fathom::lsp {

struct ClientStatus {
  uint64_t client = 0;  // as in completion::DocumentId
  std::string name;     // what it says it is; "" until it said
  std::string version;
  size_t n_documents = 0;
  double connected_s = 0;
};

/// What a daemon is doing, apart from its models.
struct DaemonStatus {
  int64_t pid = 0;
  double uptime_s = 0;
  std::string socket;
  int port = 0;            // 0: none
  std::string token_file;  // of the port; "": none
  std::vector<ClientStatus> clients;
};

/// Borrowed; what is null is not there, and sessions do without.
struct Services {
  completion::ModelHost& models;
  completion::ConfigWatch* config_watch = nullptr;  // tells when the configuration's files change
  completion::Workspaces* workspaces = nullptr;     // what is known of the clients' folders
  completion::Acceptance* acceptance = nullptr;     // counts what becomes of suggestions
  const completion::Counters* counters = nullptr;   // counts what becomes of requests
  ConsentDesk* consents = nullptr;  // what users have said of servers; null: nothing may leave
  std::function<DaemonStatus()> daemon_status = nullptr;  // main thread; of a daemon only
};

/// All of them, for a process of its own.
struct OwnServices {
  std::shared_ptr<completion::Workspaces> workspaces;  // may be null: nobody wants to know
  std::shared_ptr<completion::Counters> counters;
  std::unique_ptr<completion::ModelHost> models;
  std::unique_ptr<completion::ConfigWatch> config_watch;
  std::unique_ptr<completion::Acceptance> acceptance;
  std::unique_ptr<ConsentDesk> consents;

  Services borrow() const {
    return {.models = *models,
            .config_watch = config_watch.get(),
            .workspaces = workspaces.get(),
            .acceptance = acceptance.get(),
            .counters = counters.get(),
            .consents = consents.get()};
  }
};

}  // namespace fathom::lsp
