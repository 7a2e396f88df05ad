#include "tests/lsp/test_client.h"

#include <utility>

#include "lsp/framing.h"

namespace fathom::lsp {

TestClient::TestClient(Model model, completion::ConfigWatch* config_watch,
                       std::shared_ptr<completion::Workspaces> workspaces,
                       completion::Acceptance* acceptance, SessionOptions options,
                       ConsentDesk* consents, const std::string& server_url)
    : assistant_(make_assistant(generator_, workspaces)),
      server_assistant_(make_assistant(server_generator_, workspaces)),
      models_(
          [this, model](const completion::LoadOrder& order) -> Result<completion::LoadedModel> {
            if (!order.spec.remote.url.empty()) {
              return completion::LoadedModel{.assistant = server_assistant_,
                                             .info = {},
                                             .file_changed = {},
                                             .problem = [this] { return server_problem; }};
            }
            if (model == Model::failed || order.spec.model == "broken")
              return fail(ErrorCode::corrupt, "model.gguf: truncated");
            if (model == Model::loading) {
              order.on_progress(0.42);
              may_load_.get_future().wait();
            }
            return completion::LoadedModel{.assistant = assistant_, .info = {}, .file_changed = {}};
          },
          {.config = {.completion = {.remote = {.url = server_url}}},
           .threads = model == Model::loading}),
      services_{.models = models_,
                .config_watch = config_watch,
                .workspaces = workspaces.get(),
                .acceptance = acceptance,
                .consents = consents},
      session_(transport_, std::move(options), services_, log_) {}

std::shared_ptr<completion::Assistant> TestClient::make_assistant(
    engine::Generator& generator, std::shared_ptr<const completion::Workspaces> workspaces) {
  return std::make_shared<completion::Assistant>(
      generator, log_,
      completion::AssistantOptions{.threads = false,
                                   .may_speculate = [this] { return may_speculate; },
                                   .workspaces = std::move(workspaces),
                                   .update_interval_ms = 0});
}

TestClient::~TestClient() {
  if (!finished_loading_) may_load_.set_value();
}

Json TestClient::initialize(const Json& params) {
  const int id = request("initialize", params);
  notify("initialized");
  return result(id);
}

void TestClient::open(const std::string& uri, const std::string& language,
                      const std::string& text) {
  notify(
      "textDocument/didOpen",
      {{"textDocument", {{"uri", uri}, {"languageId", language}, {"version", 1}, {"text", text}}}});
}

void TestClient::notify(const std::string& method, const Json& params) {
  send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

int TestClient::request(const std::string& method, const Json& params) {
  const int id = ++last_id_;
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
  return id;
}

void TestClient::respond(const std::string& method, const Json& result) {
  Json id;
  for (const Json& message : transport_.sent)
    if (message.value("method", "") == method && message.contains("id")) id = message["id"];
  respond_to(id, result);
}

void TestClient::respond_to(const Json& id, const Json& result) {
  send({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

void TestClient::finish_loading() {
  finished_loading_ = true;
  may_load_.set_value();
  std::promise<void> ready;
  models_.when_ready(completion::Role::completion, completion::Reach::this_machine,
                     [&](const auto&) { ready.set_value(); });
  ready.get_future().wait();
  run();
}

std::vector<Json> TestClient::answers(int id) const {
  std::vector<Json> out;
  for (const Json& message : transport_.sent)
    if (!message.contains("method") && message.value("id", Json()) == id) out.push_back(message);
  return out;
}

Json TestClient::result(int id) const {
  const std::vector<Json> all = answers(id);
  if (all.size() != 1) return std::to_string(all.size()) + " answers";
  return all[0].contains("result") ? all[0]["result"] : Json(all[0].dump());
}

int TestClient::error(int id) const {
  const std::vector<Json> all = answers(id);
  return all.size() == 1 && all[0].contains("error") ? all[0]["error"]["code"].get<int>() : 0;
}

std::vector<Json> TestClient::sent(const std::string& method) const {
  std::vector<Json> out;
  for (const Json& message : transport_.sent)
    if (message.value("method", "") == method) out.push_back(message["params"]);
  return out;
}

void TestClient::send(const Json& message) { session_.on_bytes(frame(message.dump())); }

Json at(const std::string& uri, int line, int character) {
  return {{"textDocument", {{"uri", uri}}},
          {"position", {{"line", line}, {"character", character}}}};
}

}  // namespace fathom::lsp
