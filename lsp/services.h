// What all sessions of a process share.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "completion/acceptance.h"
#include "completion/counters.h"
#include "completion/model_host.h"

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
  int port = 0;  // 0: none
  std::vector<ClientStatus> clients;
};

struct Services {
  completion::ModelHost& models;
  /// Main thread. Null in a process that serves one client alone.
  std::function<DaemonStatus()> daemon_status;
  // Counts what becomes of suggestions; null: nobody does.
  completion::Acceptance* acceptance = nullptr;
  const completion::Counters* counters = nullptr;  // of completions; null: there are none
};

}  // namespace fathom::lsp
