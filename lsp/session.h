// One client's session: bytes in, messages out, and everything that is known of the client.
//
// Main thread only: nothing here waits, reads files or runs the model, and no handler takes longer
// than reading its message does. The model's answers arrive as tasks posted to the transport
// (docs/threads.md draws it). Handlers, one file for each method in lsp/handlers/, work on what
// this class offers below "For handlers".
//
// Invariant: every request that arrives is answered exactly once, by the time the input ends at
// the latest.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/assistant.h"
#include "completion/config.h"
#include "completion/model_host.h"
#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/client_models.h"
#include "lsp/completion_jobs.h"
#include "lsp/documents.h"
#include "lsp/explain_jobs.h"
#include "lsp/framing.h"
#include "lsp/history.h"
#include "lsp/ledger.h"
#include "lsp/model_slot.h"
#include "lsp/pause.h"
#include "lsp/position.h"
#include "lsp/protocol.h"
#include "lsp/review_findings.h"
#include "lsp/review_jobs.h"
#include "lsp/router.h"
#include "lsp/services.h"
#include "lsp/settings.h"
#include "lsp/suggestion_tracker.h"
#include "lsp/transport.h"
#include "lsp/virtual_documents.h"
#include "lsp/workspace.h"

namespace fathom::lsp {

struct SessionOptions {
  std::string version;                 // of fathom, told to the client
  uint64_t client = 0;                 // its number among all that share the services
  completion::EffectiveConfig config;  // what the files say
  // What the engine was asked for on the command line, told to the client.
  std::vector<std::string> engine_arguments;
  std::string token;                              // that `initialize` must carry; "": none
  std::string refusal;                            // not "": all that `initialize` is answered with
  size_t max_document_bytes = size_t{256} << 20;  // of all documents that it has open
  /// So many in a row that are no messages, and the client is cut off.
  size_t max_frame_errors = std::numeric_limits<size_t>::max();
};

/// What the client said of itself in `initialize`, and what was agreed on there.
struct Client {
  std::string name;
  std::string version;
  PositionEncoding encoding = PositionEncoding::utf16;
  ClientCapabilities capabilities;
};

/// Where a client's cursor was, as far as that is known.
struct Cursor {
  std::string uri;
  Position position;
};

class Session final {
 public:
  /// All references must outlive the session, and no task of the transport's poster may run after
  /// it.
  Session(Transport& transport, SessionOptions options, Services& services, Log& log);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// What the client sent, cut anywhere. False: this was a lot, and the rest of it is handled by
  /// calling again, with nothing, when others have had their turn.
  bool on_bytes(std::string_view bytes);
  /// The client sends no more: cancels and answers what is in flight and closes the transport.
  void on_end();

  /// `initialize` was answered well.
  bool is_greeted() const { return state_ != State::created; }
  /// 0 if the client said `shutdown` before it left, else 1.
  int exit_code() const { return state_ == State::shut_down ? 0 : 1; }

  // For handlers.
  void initialized_by(Client client);
  void shut_down();
  void leave();
  void set_client_settings(ClientSettings settings);
  /// Asks the client for its settings, if it can be asked.
  void ask_for_settings();
  /// From `initialized` on: follows the configuration's files and the client's settings, and tells
  /// the client what is wrong in them, each thing once.
  void watch_settings();
  const SessionOptions& options() const { return options_; }
  Services& services() { return services_; }
  const Services& services() const { return services_; }
  const Client& client() const { return client_; }
  const ClientCapabilities& capabilities() const { return client_.capabilities; }
  Transport& transport() { return transport_; }
  Log& log() { return log_; }
  Router& router() { return router_; }
  Documents& documents() { return documents_; }
  Workspace& workspace() { return workspace_; }
  History& history() { return history_; }
  const completion::Config& settings() const { return settings_.values(); }
  CompletionJobs& completions() { return completions_; }
  std::optional<Cursor>& cursor() { return cursor_; }
  /// Until which the client is likely to send more: for what nobody waits for.
  Pause& pause() { return pause_; }
  ExplainJobs& explanations() { return explanations_; }
  ReviewJobs& reviews() { return reviews_; }
  ReviewFindings& findings() { return findings_; }
  const ReviewFindings& findings() const { return findings_; }
  VirtualDocuments& virtual_documents() { return virtual_documents_; }
  SuggestionTracker& suggestions() { return suggestions_; }
  Ledger& ledger() { return ledger_; }
  ClientModels& models() { return models_; }
  const ClientModels& models() const { return models_; }
  ModelSlot& model() { return model_; }

 private:
  enum class State { created, running, shut_down };

  std::optional<Refusal> refuse(std::string_view method) const;
  void tell_settings_problems();
  void models_changed(completion::Role role);

  Transport& transport_;
  SessionOptions options_;
  Services& services_;
  Log& log_;
  FrameReader frames_;
  Router router_;
  State state_ = State::created;
  bool left_ = false;          // `exit` came, or the input ended
  size_t n_frame_errors_ = 0;  // since the last message
  Client client_;
  Settings settings_;
  bool may_tell_settings_ = false;  // `initialized` has come
  uint64_t config_watch_id_ = 0;    // 0: none
  Workspace workspace_;
  Documents documents_;
  History history_;
  VirtualDocuments virtual_documents_;
  SuggestionTracker suggestions_;
  Ledger ledger_;
  ClientModels models_;
  CompletionJobs completions_;
  std::optional<Cursor> cursor_;
  Pause pause_;
  ExplainJobs explanations_;
  ReviewFindings findings_;
  ReviewJobs reviews_;
  ModelSlot model_;
  uint64_t subscription_ = 0;
};

}  // namespace fathom::lsp
