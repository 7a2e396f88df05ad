#include "lsp/door.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lsp/json_text.h"
#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

constexpr const char* kRestarted = "the engine was restarted; please try again";
// No request of the editor's is passed on before it is answered, so that it may have any id.
constexpr const char* kInitializeId = "fathom/door";

/// The member at a path of names; null where there is none.
const Json* member(const Json& json, std::initializer_list<const char*> path) {
  const Json* found = &json;
  for (const char* name : path) {
    if (!found->is_object()) return nullptr;
    const auto next = found->find(name);
    if (next == found->end()) return nullptr;
    found = &*next;
  }
  return found;
}

std::string text_at(const Json& json, std::initializer_list<const char*> path) {
  const Json* found = member(json, path);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<RequestId> token_at(const Json& json, std::initializer_list<const char*> path) {
  const Json* found = member(json, path);
  if (!found) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->get<int64_t>();
  return std::nullopt;
}

/// What says "nothing to suggest" in answer to a request for suggestions; nothing for others.
std::optional<Json> empty_answer(std::string_view method) {
  if (method == "textDocument/inlineCompletion") return Json{{"items", Json::array()}};
  if (method == "textDocument/completion")
    return Json{{"isIncomplete", true}, {"items", Json::array()}};
  return std::nullopt;
}

bool shows_a_working_model(std::string_view method, const Json& message) {
  if (method == "workspace/executeCommand") return message.contains("result");
  const Json* items = member(message, {"result", "items"});
  return empty_answer(method) && items && items->is_array() && !items->empty();
}

std::optional<PositionEncoding> encoding_of(const Json& result) {
  const std::string name = text_at(result, {"capabilities", "positionEncoding"});
  if (name.empty()) return PositionEncoding::utf16;  // the protocol's default
  for (const PositionEncoding encoding :
       {PositionEncoding::utf8, PositionEncoding::utf16, PositionEncoding::utf32})
    if (name == name_of(encoding)) return encoding;
  return std::nullopt;
}

}  // namespace

Door::Door(Host& host, Options options, Log& log)
    : host_(host), options_(std::move(options)), log_(log) {}

// From the editor.

void Door::on_client(std::string body) {
  if (state_ == State::left) return;
  // What follows initialize waits for its answer: only the server can give it.
  if (state_ == State::opening) return pending_.push_back(std::move(body));
  handle_client(std::move(body));
}

void Door::on_client_garbage(std::string_view problem) {
  if (state_ != State::left) to_client(error_message(nullptr, RpcError::parse_error, problem));
}

void Door::on_client_end() {
  if (state_ == State::opening) {
    end_is_pending_ = true;
  } else if (state_ != State::left) {
    log_.info("the editor has closed the connection");
    leave();
  }
}

void Door::handle_pending() {
  while (state_ != State::opening && state_ != State::left && !pending_.empty()) {
    std::string body = std::move(pending_.front());
    pending_.pop_front();
    handle_client(std::move(body));
  }
  if (end_is_pending_) on_client_end();
}

void Door::handle_client(std::string body) {
  Json message = parse_json(body);
  const MessageHead head = read_head(message);
  switch (head.kind) {
    case MessageKind::unreadable:
      return to_client(error_message(nullptr, head.code, head.problem));
    case MessageKind::request:
      return handle_request(head, message, std::move(body));
    case MessageKind::notification:
      return handle_notification(head, message, std::move(body));
    case MessageKind::response:
      return handle_response(head, message);
  }
}

void Door::handle_request(const MessageHead& head, const Json& message, std::string body) {
  const RequestId& id = *head.id;
  if (state_ == State::shut_down)
    return fail(id, RpcError::invalid_request, "the server was shut down");
  if (state_ == State::created) {
    if (head.method == "initialize") return open(head, message);
    return fail(id, RpcError::server_not_initialized, "the first request must be initialize");
  }
  if (head.method == "initialize")
    return fail(id, RpcError::invalid_request, "initialize was sent before");
  const auto has_id = [&](const Held& held) { return held.id == id; };
  if (in_flight_.contains(id) || std::ranges::any_of(held_, has_id))
    return fail(id, RpcError::invalid_request, "another request with this id is not answered yet");
  if (head.method == "shutdown") return shut_down(id);

  Call call{.method = head.method, .token = token_at(message, {"params", "workDoneToken"})};
  if (live_) {
    in_flight_.emplace(id, std::move(call));
    return host_.to_server(std::move(body));
  }
  if (const std::optional<Json> empty = empty_answer(head.method))
    return to_client(result_message(id, *empty));
  held_.push_back({.id = id, .call = std::move(call), .body = std::move(body)});
}

void Door::open(const MessageHead& head, const Json& message) {
  client_.initialize(params_of(message));
  initialize_id_ = *head.id;
  state_ = State::opening;
  InitializeParams params;
  if (parse(params_of(message), params) && params.process_id)
    host_.watch_process(*params.process_id);
  if (connected_) initialize_server();
}

void Door::handle_notification(const MessageHead& head, const Json& message, std::string body) {
  if (head.method == "exit") return leave();
  if (state_ != State::running) return log_.debug("notification out of turn: {}", head.method);
  const Json params = params_of(message);
  client_.observe(head.method, params);
  if (live_) {
    host_.to_server(std::move(body));
  } else {
    cancel_held(params, head.method);
  }
  if (head.method != "initialized") return;
  for (auto& [type, text] : std::exchange(to_show_, {})) show(type, std::move(text));
}

void Door::cancel_held(const Json& params, std::string_view method) {
  std::optional<RequestId> id;
  std::optional<RequestId> token;
  if (method == "$/cancelRequest") id = token_at(params, {"id"});
  if (method == "window/workDoneProgress/cancel") token = token_at(params, {"token"});
  std::erase_if(held_, [&](const Held& held) {
    const bool meant = (id && held.id == *id) || (token && held.call.token == token);
    if (meant) fail(held.id, RpcError::request_cancelled, "cancelled");
    return meant;
  });
}

void Door::handle_response(const MessageHead& head, Json& message) {
  if (!head.id || !std::holds_alternative<int64_t>(*head.id)) return;
  const auto found = server_requests_.find(std::get<int64_t>(*head.id));
  if (found == server_requests_.end()) return;  // asked by a server that is gone
  message["id"] = to_json(found->second);
  server_requests_.erase(found);
  host_.to_server(to_text(message));
}

void Door::shut_down(const RequestId& id) {
  cancel_all();
  to_client(result_message(id, nullptr));
  state_ = State::shut_down;
  shut_down_said_ = true;
  connected_ = live_ = false;
}

void Door::leave() {
  cancel_all();
  state_ = State::left;
  connected_ = live_ = false;
  host_.leave();
}

void Door::cancel_all() {
  end_progress();
  for (const auto& [id, call] : std::exchange(in_flight_, {}))
    fail(id, RpcError::request_cancelled, "cancelled");
  for (const Held& held : std::exchange(held_, {}))
    fail(held.id, RpcError::request_cancelled, "cancelled");
}

// From the server.

void Door::on_connected() {
  if (!needs_server()) return;
  connected_ = true;
  live_ = false;
  has_worked_ = false;
  initialize_server();
}

void Door::initialize_server() {
  host_.to_server(to_text(request_message(kInitializeId, "initialize",
                                          client_.initialize_params(options_.process_id))));
}

void Door::on_server(std::string body) {
  if (!connected_) return;
  Json message = parse_json(body);
  const MessageHead head = read_head(message);
  switch (head.kind) {
    case MessageKind::unreadable:
      return log_.warning("the server sent what is no message: {}", head.problem);
    case MessageKind::request:
      return handle_server_request(head, message);
    case MessageKind::notification:
      return handle_server_notification(head, message, std::move(body));
    case MessageKind::response:
      if (!live_ && head.id == RequestId(kInitializeId)) return handle_initialize_answer(message);
      return handle_answer(head, message, std::move(body));
  }
}

void Door::handle_initialize_answer(const Json& message) {
  const Json* result = member(message, {"result"});
  if (!result) {
    if (state_ == State::running) {
      connected_ = false;
      return host_.replace_server("it refuses what it accepted before");
    }
    Json answer = message;
    answer["id"] = to_json(initialize_id_);
    to_client(answer);
    state_ = State::created;
    return handle_pending();
  }
  if (std::optional<std::string> reason = misfit(*result)) {
    connected_ = false;
    return host_.replace_server(std::move(*reason));
  }
  encoding_ = encoding_of(*result);
  client_.set_encoding(*encoding_);
  compare_engine(*result);
  if (state_ == State::opening) {
    to_client(result_message(initialize_id_, *result));
    state_ = State::running;
    live_ = true;
    return handle_pending();
  }
  go_live();
}

std::optional<std::string> Door::misfit(const Json& result) const {
  const std::string version = text_at(result, {"serverInfo", "version"});
  if (version != options_.version)
    return fmt::format("it is version {}, this is {}", version.empty() ? "?" : version,
                       options_.version);
  const std::optional<PositionEncoding> encoding = encoding_of(result);
  if (!encoding || (encoding_ && *encoding_ != *encoding))
    return fmt::format("it counts positions in another encoding");
  return std::nullopt;
}

void Door::compare_engine(const Json& result) {
  if (options_.engine_arguments.empty() || std::exchange(compared_engine_, true)) return;
  const Json* theirs =
      member(result, {"capabilities", "experimental", "fathom", "engineArguments"});
  if (theirs && *theirs == Json(options_.engine_arguments)) return;
  show(MessageType::warning,
       fmt::format("fathom: the daemon was started before, with other options, which stay in "
                   "force: {}. To use {}, end the daemon and restart the editor, or add "
                   "--standalone.",
                   theirs ? to_text(*theirs) : "none", fmt::join(options_.engine_arguments, " ")));
}

void Door::go_live() {
  for (std::string& message : client_.replay()) host_.to_server(std::move(message));
  live_ = true;
  for (Held& held : std::exchange(held_, {})) {
    in_flight_.emplace(held.id, std::move(held.call));
    host_.to_server(std::move(held.body));
  }
  if (!client_.is_initialized()) return;
  to_client(notification_message(
      "window/logMessage",
      {{"type", int(MessageType::info)}, {"message", "fathom: connected to the engine again"}}));
}

void Door::handle_server_request(const MessageHead& head, Json& message) {
  if (head.method == "client/registerCapability") {
    if (const Json* list = member(message, {"params", "registrations"}); list && list->is_array())
      for (const Json& one : *list)
        registrations_.insert_or_assign(text_at(one, {"id"}), text_at(one, {"method"}));
  } else if (head.method == "client/unregisterCapability") {
    // The protocol's own spelling.
    if (const Json* list = member(message, {"params", "unregisterations"});
        list && list->is_array())
      for (const Json& one : *list) registrations_.erase(text_at(one, {"id"}));
  }
  const int64_t id = ++last_server_request_;
  server_requests_.emplace(id, *head.id);
  message["id"] = id;
  to_client(message);
}

void Door::handle_server_notification(const MessageHead& head, const Json& message,
                                      std::string body) {
  if (head.method == "$/progress") {
    const std::optional<RequestId> token = token_at(message, {"params", "token"});
    const std::string kind = text_at(message, {"params", "value", "kind"});
    if (token && kind == "begin") progress_.insert(*token);
    if (token && kind == "end") progress_.erase(*token);
  } else if (head.method == "textDocument/publishDiagnostics") {
    const std::string uri = text_at(message, {"params", "uri"});
    const Json* diagnostics = member(message, {"params", "diagnostics"});
    diagnosed_.erase(uri);
    if (diagnostics && !diagnostics->empty()) diagnosed_.insert(uri);
  }
  host_.to_client(std::move(body));
}

void Door::handle_answer(const MessageHead& head, const Json& message, std::string body) {
  if (!head.id) return host_.to_client(std::move(body));  // to something unreadable
  const auto found = in_flight_.find(*head.id);
  if (found == in_flight_.end()) return log_.debug("the server answered what nobody asked");
  has_worked_ = has_worked_ || shows_a_working_model(found->second.method, message);
  in_flight_.erase(found);
  host_.to_client(std::move(body));
}

void Door::on_server_lost() {
  if (!std::exchange(connected_, false)) return;
  live_ = false;
  end_progress();
  take_back_diagnostics();
  take_back_registrations();
  server_requests_.clear();
  for (const auto& [id, call] : std::exchange(in_flight_, {})) {
    if (const std::optional<Json> empty = empty_answer(call.method)) {
      to_client(result_message(id, *empty));
    } else {
      // A command was asked for by a person, who wants to know; the rest editors ask again unseen.
      const bool is_command = call.method == "workspace/executeCommand";
      fail(id, is_command ? RpcError::request_failed : RpcError::content_modified, kRestarted);
    }
  }
}

void Door::give_up(std::string_view reason) {
  if (state_ == State::opening) {
    fail(initialize_id_, RpcError::request_failed, reason);
    state_ = State::created;
    handle_pending();
  }
  if (state_ != State::left) leave();
}

void Door::end_progress() {
  for (const RequestId& token : std::exchange(progress_, {}))
    to_client(notification_message("$/progress",
                                   {{"token", to_json(token)}, {"value", {{"kind", "end"}}}}));
}

/// The next server knows nothing of them: nobody would ever move or remove them.
void Door::take_back_diagnostics() {
  for (const std::string& uri : std::exchange(diagnosed_, {}))
    to_client(notification_message("textDocument/publishDiagnostics",
                                   {{"uri", uri}, {"diagnostics", Json::array()}}));
}

/// The next server registers again, and a thing registered twice happens twice.
void Door::take_back_registrations() {
  if (registrations_.empty()) return;
  Json list = Json::array();
  for (const auto& [id, method] : std::exchange(registrations_, {}))
    list.push_back({{"id", id}, {"method", method}});
  to_client(request_message(++last_server_request_, "client/unregisterCapability",
                            {{"unregisterations", std::move(list)}}));
}

void Door::show(MessageType type, std::string text) {
  if (!client_.is_initialized()) return to_show_.emplace_back(type, std::move(text)), void();
  to_client(notification_message("window/showMessage", {{"type", int(type)}, {"message", text}}));
}

void Door::fail(const RequestId& id, RpcError code, std::string_view message) {
  to_client(error_message(to_json(id), code, message));
}

void Door::to_client(const Json& message) { host_.to_client(to_text(message)); }

}  // namespace fathom::lsp
