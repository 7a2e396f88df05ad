// A client for tests: a session on lists, an assistant on a scripted generator, one thread.
//
//   TestClient client;
//   client.initialize();
//   client.open("file:///a.py", "python", "def f(");
//   client.generator().answer("x):");
//   const Json id = client.request("textDocument/inlineCompletion", {...});
//   client.run();                       // lets the assistant's answer arrive
//   client.result(id);

#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "completion/assistant.h"
#include "completion/model_host.h"
#include "engine/base/log.h"
#include "lsp/session.h"
#include "tests/lsp/fake_transport.h"
#include "tests/support/fake_generator.h"

namespace fathom::lsp {

class TestClient final {
 public:
  enum class Model { ready, loading, failed };

  /// `config_watch`, `workspaces`, `acceptance`, `consents`: those of Services. `server_url`: that
  /// the configuration names; it computes with server_generator().
  explicit TestClient(Model model = Model::ready, completion::ConfigWatch* config_watch = nullptr,
                      std::shared_ptr<completion::Workspaces> workspaces = nullptr,
                      completion::Acceptance* acceptance = nullptr,
                      SessionOptions options = {.version = "1.2.3"},
                      ConsentDesk* consents = nullptr, const std::string& server_url = "");
  ~TestClient();

  bool may_speculate = false;  // as AssistantOptions has it
  std::string server_problem;  // as LoadedModel has it

  FakeTransport& transport() { return transport_; }
  test::FakeGenerator& generator() { return generator_; }
  test::FakeGenerator& server_generator() { return server_generator_; }
  completion::ModelHost& models() { return models_; }
  Session& session() { return session_; }

  /// initialize and initialized; gives the result of the first.
  Json initialize(const Json& params = Json::object());
  void open(const std::string& uri, const std::string& language, const std::string& text);
  void notify(const std::string& method, const Json& params = Json::object());
  /// Gives the id.
  int request(const std::string& method, const Json& params = Json::object());
  /// Answers the newest request of the server's with this method.
  void respond(const std::string& method, const Json& result);
  void respond_to(const Json& id, const Json& result);
  /// For Model::loading: the model is there and was told of.
  void finish_loading();
  /// Runs what was posted to the main thread.
  void run() { transport_.run_tasks(); }
  /// Lets time pass on the main thread.
  void wait(std::chrono::milliseconds time) { transport_.advance(time); }

  /// All answers to a request: one, if all is well.
  std::vector<Json> answers(int id) const;
  /// The result of a request that was answered once and well; else a text that says what is wrong.
  Json result(int id) const;
  /// The error code of a request that was answered once and with an error; else 0.
  int error(int id) const;
  /// Parameters of the notifications and requests the server sent.
  std::vector<Json> sent(const std::string& method) const;

 private:
  std::shared_ptr<completion::Assistant> make_assistant(
      engine::Generator& generator, std::shared_ptr<const completion::Workspaces> workspaces);
  void send(const Json& message);

  Log log_;
  FakeTransport transport_;
  test::FakeGenerator generator_{{.context_length = 4096}};
  test::FakeGenerator server_generator_{{.context_length = 4096}};
  std::shared_ptr<completion::Assistant> assistant_;
  std::shared_ptr<completion::Assistant> server_assistant_;
  std::promise<void> may_load_;
  bool finished_loading_ = false;
  completion::ModelHost models_;
  Services services_;
  Session session_;
  int last_id_ = 0;
};

/// {"textDocument": {"uri": uri}, "position": {...}}
Json at(const std::string& uri, int line, int character);

}  // namespace fathom::lsp
