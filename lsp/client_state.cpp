#include "lsp/client_state.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/json_text.h"
#include "lsp/message.h"
#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

/// A text member of an object; "" where there is none.
std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The array at params[outer][inner], or at params[outer] if `inner` is null.
const Json& array_at(const Json& params, const char* outer, const char* inner = nullptr) {
  static const Json kNone = Json::array();
  if (!params.is_object()) return kNone;
  auto found = params.find(outer);
  if (found == params.end()) return kNone;
  if (inner != nullptr) {
    if (!found->is_object()) return kNone;
    const auto nested = found->find(inner);
    return nested != found->end() && nested->is_array() ? *nested : kNone;
  }
  return found->is_array() ? *found : kNone;
}

}  // namespace

void ClientState::initialize(const Json& params) {
  *this = ClientState();
  initialize_ = to_text(params);
  for (const Json& folder : array_at(params, "workspaceFolders"))
    if (folder.is_object())
      folders_.push_back({.uri = text_of(folder, "uri"), .name = text_of(folder, "name")});
  if (!folders_.empty() || !params.is_object()) return;
  // The older way to name the one folder, which a later change of folders adds to.
  for (const char* root : {"rootUri", "rootPath"}) {
    const std::string uri = text_of(params, root);
    if (!uri.empty()) return folders_.push_back({.uri = uri, .name = uri});
  }
}

void ClientState::observe(std::string_view method, const Json& params) {
  if (method == "initialized") {
    initialized_ = true;
  } else if (method == "workspace/didChangeConfiguration") {
    configuration_ = to_text(params);
  } else if (method == "workspace/didChangeWorkspaceFolders") {
    change_folders(params);
  } else if (method == "textDocument/didOpen") {
    open(params);
  } else if (method == "textDocument/didChange") {
    change(params);
  } else if (method == "textDocument/didClose") {
    close(params);
  }
}

void ClientState::change_folders(const Json& params) {
  folders_changed_ = true;
  for (const Json& folder : array_at(params, "event", "removed"))
    if (folder.is_object())
      std::erase_if(folders_, [&](const Folder& f) { return f.uri == text_of(folder, "uri"); });
  for (const Json& folder : array_at(params, "event", "added"))
    if (folder.is_object())
      folders_.push_back({.uri = text_of(folder, "uri"), .name = text_of(folder, "name")});
}

void ClientState::open(const Json& json) {
  DidOpenParams params;
  if (!parse(json, params)) return;
  Document document({.uri = params.uri, .path = {}, .language = params.language}, params.version,
                    std::move(params.text), encoding_);
  documents_.insert_or_assign(
      params.uri, OpenDocument{.language = params.language, .document = std::move(document)});
}

void ClientState::change(const Json& json) {
  DidChangeParams params;
  if (!parse(json, params)) return;
  const auto found = documents_.find(params.uri);
  if (found == documents_.end()) return;
  Document& document = found->second.document;
  for (const ContentChange& change : params.changes) document.apply(change);
  document.set_version(params.version);
}

void ClientState::close(const Json& json) {
  DocumentParams params;
  if (parse(json, params)) documents_.erase(params.uri);
}

Json ClientState::initialize_params(int64_t process_id) const {
  Json params = parse_json(initialize_);
  if (!params.is_object()) return params;  // the server will say what is wrong with it
  params["processId"] = process_id;
  if (!folders_changed_) return params;
  params.erase("rootUri");
  params.erase("rootPath");
  Json& folders = params["workspaceFolders"] = Json::array();
  for (const Folder& folder : folders_)
    folders.push_back({{"uri", folder.uri}, {"name", folder.name}});
  return params;
}

std::vector<std::string> ClientState::replay() const {
  if (!initialized_) return {};
  std::vector<std::string> messages;
  const auto notify = [&](std::string_view method, const Json& params) {
    messages.push_back(to_text(notification_message(method, params)));
  };
  notify("initialized", Json::object());
  if (!configuration_.empty())
    notify("workspace/didChangeConfiguration", parse_json(configuration_));
  for (const auto& [uri, open] : documents_) {
    notify("textDocument/didOpen", {{"textDocument",
                                     {{"uri", uri},
                                      {"languageId", open.language},
                                      {"version", open.document.version()},
                                      {"text", open.document.text()}}}});
  }
  return messages;
}

}  // namespace fathom::lsp
