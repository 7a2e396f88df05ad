// The door between an editor and the server that works for it: passes messages on, and knows enough
// of them to put another server in the place of one that died, without the editor noticing more
// than an empty answer.
//
// A server is told what the editor has said so far (client_state.h), requests that a dead server
// left are answered, its progress ended, its diagnostics and registrations taken back. Ids of the
// server's requests are replaced by the door's own, because every server counts from 1.
//
// Pure logic, main thread only: bytes, sockets, processes and time are its Host's. The server may
// be a daemon behind a socket or a session in this process: the door makes no difference.
//
// Invariant: each request of the editor is answered exactly once, whatever becomes of the servers,
// by the time its input ends at the latest.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "lsp/client_state.h"
#include "lsp/json.h"
#include "lsp/json_rpc.h"
#include "lsp/message.h"
#include "lsp/message_type.h"

namespace fathom::lsp {

class Door final {
 public:
  /// What the door needs of the outside. No call comes back into the door before it returns.
  class Host {
   public:
    virtual ~Host() = default;
    virtual void to_client(std::string body) = 0;
    /// Only while connected.
    virtual void to_server(std::string body) = 0;
    /// End the session as if the client had closed its input once this process is gone.
    virtual void watch_process(int64_t pid) = 0;
    /// The connected server cannot serve this client, for this reason: it is to be replaced by one
    /// of this very program. The door has let go of it.
    virtual void replace_server(std::string reason) = 0;
    /// The session is over: nothing more will be sent.
    virtual void leave() = 0;
  };

  struct Options {
    std::string version;     // of this program; a server of another one is not used
    int64_t process_id = 0;  // of this process, which servers shall watch
    /// What the user asked of the engine, in the words of the command line; empty: nothing.
    std::vector<std::string> engine_arguments;
  };

  Door(Host& host, Options options, Log& log);
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// A message of the editor's.
  void on_client(std::string body);
  /// What the editor sent and cannot be read as a message.
  void on_client_garbage(std::string_view problem);
  /// The editor sends no more.
  void on_client_end();

  /// There is a server, which has heard nothing yet.
  void on_connected();
  /// A message of the connected server's.
  void on_server(std::string body);
  /// The connection to the server broke. Does nothing if none is connected.
  void on_server_lost();

  /// There will be no server: answers what waits for one and ends the session.
  void give_up(std::string_view reason);

  /// Shows a message to the user, now or as soon as the protocol allows it.
  void show(MessageType type, std::string text);

  /// Whether a server is needed now: from initialize to shutdown.
  bool needs_server() const { return state_ == State::opening || state_ == State::running; }
  /// Whether the connected server has answered initialize.
  bool is_live() const { return live_; }
  /// Whether the connected server, or if there is none the last one, has done what only a working
  /// model can: a suggestion, or a command.
  bool has_worked() const { return has_worked_; }
  /// 0 if the editor said `shutdown` before it left, else 1.
  int exit_code() const { return shut_down_said_ ? 0 : 1; }

 private:
  enum class State { created, opening, running, shut_down, left };

  struct Call {
    std::string method;
    std::optional<RequestId> token;  // workDoneToken
  };
  struct Held {
    RequestId id;
    Call call;
    std::string body;
  };

  // From the editor.
  void handle_client(std::string body);
  void handle_request(const MessageHead& head, const Json& message, std::string body);
  void handle_notification(const MessageHead& head, const Json& message, std::string body);
  void handle_response(const MessageHead& head, Json& message);
  void open(const MessageHead& head, const Json& message);
  void shut_down(const RequestId& id);
  void leave();
  void cancel_held(const Json& params, std::string_view method);
  void handle_pending();

  // From the server.
  void initialize_server();
  void handle_initialize_answer(const Json& message);
  void go_live();
  void handle_server_request(const MessageHead& head, Json& message);
  void handle_server_notification(const MessageHead& head, const Json& message, std::string body);
  void handle_answer(const MessageHead& head, const Json& message, std::string body);
  std::optional<std::string> misfit(const Json& result) const;
  void compare_engine(const Json& result);

  void end_progress();
  void cancel_all();
  void take_back_diagnostics();
  void take_back_registrations();
  void fail(const RequestId& id, RpcError code, std::string_view message);
  void to_client(const Json& message);

  Host& host_;
  const Options options_;
  Log& log_;
  State state_ = State::created;
  bool shut_down_said_ = false;
  ClientState client_;
  RequestId initialize_id_;                   // of the editor's, while state_ is opening
  std::optional<PositionEncoding> encoding_;  // what the editor was told
  std::deque<std::string> pending_;           // came while state_ is opening
  bool end_is_pending_ = false;               // and then the input ended
  std::vector<std::pair<MessageType, std::string>> to_show_;  // once the editor is initialized
  bool compared_engine_ = false;
  int64_t last_server_request_ = 0;  // across servers

  bool connected_ = false;
  bool live_ = false;
  bool has_worked_ = false;
  std::map<RequestId, Call> in_flight_;               // passed on to the server and not answered
  std::vector<Held> held_;                            // came while no server was live
  std::map<int64_t, RequestId> server_requests_;      // the server's ids by those the editor sees
  std::set<RequestId> progress_;                      // tokens that were begun
  std::set<std::string> diagnosed_;                   // URIs of files that have diagnostics
  std::map<std::string, std::string> registrations_;  // methods by id
};

}  // namespace fathom::lsp
