#include "lsp/door.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/json_text.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///p/a.cpp";

class FakeHost final : public Door::Host {
 public:
  std::vector<Json> client;  // what the editor was sent
  std::vector<Json> server;  // what the server was sent
  std::vector<int64_t> watched;
  std::vector<std::string> replaced;
  bool left = false;

  void to_client(std::string body) override { client.push_back(parse_json(body)); }
  void to_server(std::string body) override { server.push_back(parse_json(body)); }
  void watch_process(int64_t pid) override { watched.push_back(pid); }
  void replace_server(std::string reason) override { replaced.push_back(std::move(reason)); }
  void leave() override { left = true; }
};

/// The editor's side, and a server that a test plays.
class DoorTest : public testing::Test {
 protected:
  void client_sends(const Json& message) { door_.on_client(to_text(message)); }
  void client_requests(int id, const std::string& method, const Json& params = Json::object()) {
    client_sends(request_message(id, method, params));
  }
  void client_notifies(const std::string& method, const Json& params = Json::object()) {
    client_sends(notification_message(method, params));
  }
  void server_sends(const Json& message) { door_.on_server(to_text(message)); }

  static Json initialize_result(const std::string& encoding = "utf-16") {
    return {{"capabilities", {{"positionEncoding", encoding}}},
            {"serverInfo", {{"name", "fathom"}, {"version", "1.0"}}}};
  }
  /// The server answers the initialize that it was sent last.
  void server_answers_initialize(const Json& result = initialize_result()) {
    ASSERT_EQ(host_.server.back().at("method"), "initialize");
    server_sends({{"id", host_.server.back().at("id")}, {"result", result}});
  }
  /// A session as it runs, with one open document.
  void run(const Json& params = Json::object()) {
    client_requests(0, "initialize", params);
    door_.on_connected();
    server_answers_initialize();
    client_notifies("initialized");
    open(kUri, "int a;\n");
    host_.client.clear();
  }
  void open(const std::string& uri, const std::string& text) {
    client_notifies(
        "textDocument/didOpen",
        {{"textDocument", {{"uri", uri}, {"languageId", "cpp"}, {"version", 1}, {"text", text}}}});
  }
  void restart() {
    door_.on_server_lost();
    host_.server.clear();
    door_.on_connected();
    server_answers_initialize();
  }

  std::vector<Json> answers(int id) const {
    std::vector<Json> found;
    for (const Json& message : host_.client)
      if (!message.contains("method") && message.value("id", Json()) == id)
        found.push_back(message);
    return found;
  }
  /// The code of the one answer to a request, which must be an error.
  int error(int id) const {
    const std::vector<Json> found = answers(id);
    if (found.size() != 1 || !found[0].contains("error")) return 0;
    return found[0]["error"]["code"];
  }
  std::vector<std::string> methods_sent_to_server() const {
    std::vector<std::string> methods;
    for (const Json& message : host_.server) methods.push_back(message.value("method", "answer"));
    return methods;
  }
  std::vector<Json> client_was_told(const std::string& method) const {
    std::vector<Json> found;
    for (const Json& message : host_.client)
      if (message.value("method", "") == method) found.push_back(message.at("params"));
    return found;
  }

  Log log_;
  FakeHost host_;
  Door door_{host_, {.version = "1.0", .process_id = 42, .engine_arguments = {}}, log_};
};

TEST_F(DoorTest, PassesInitializeOnAndItsAnswerBack) {
  client_requests(0, "initialize", {{"processId", 7}, {"rootUri", "file:///p"}});
  EXPECT_TRUE(door_.needs_server());
  EXPECT_TRUE(host_.server.empty());
  door_.on_connected();
  EXPECT_EQ(host_.server.at(0)["params"]["rootUri"], "file:///p");
  server_answers_initialize();
  ASSERT_EQ(answers(0).size(), 1u);
  EXPECT_EQ(answers(0)[0]["result"], initialize_result());
  EXPECT_TRUE(door_.is_live());
}

TEST_F(DoorTest, WatchesTheEditorAndLetsTheServerWatchTheDoor) {
  client_requests(0, "initialize", {{"processId", 7}});
  door_.on_connected();
  EXPECT_EQ(host_.watched, std::vector<int64_t>{7});
  EXPECT_EQ(host_.server.at(0)["params"]["processId"], 42);
}

TEST_F(DoorTest, HandlesWhatFollowsInitializeOnceItIsAnswered) {
  client_requests(0, "initialize");
  client_notifies("initialized");
  open(kUri, "a");
  client_requests(1, "textDocument/inlineCompletion");
  client_requests(2, "shutdown");
  client_notifies("exit");
  door_.on_client_end();
  EXPECT_TRUE(host_.client.empty());
  EXPECT_FALSE(host_.left);
  door_.on_connected();
  server_answers_initialize();
  EXPECT_EQ(methods_sent_to_server(),
            (std::vector<std::string>{"initialize", "initialized", "textDocument/didOpen",
                                      "textDocument/inlineCompletion"}));
  EXPECT_EQ(error(1), int(RpcError::request_cancelled));
  EXPECT_EQ(answers(2).size(), 1u);
  EXPECT_TRUE(host_.left);
  EXPECT_EQ(door_.exit_code(), 0);
}

TEST_F(DoorTest, RefusesWhatComesOutOfTurn) {
  client_requests(1, "textDocument/hover");
  EXPECT_EQ(error(1), int(RpcError::server_not_initialized));
  run();
  client_requests(2, "initialize");
  EXPECT_EQ(error(2), int(RpcError::invalid_request));
  client_requests(3, "shutdown");
  client_requests(4, "textDocument/hover");
  EXPECT_EQ(error(4), int(RpcError::invalid_request));
}

TEST_F(DoorTest, AnswersWhatIsNoMessageWithoutAnId) {
  door_.on_client("{");
  door_.on_client_garbage("no header");
  ASSERT_EQ(host_.client.size(), 2u);
  for (const Json& message : host_.client) {
    EXPECT_TRUE(message.at("id").is_null());
    EXPECT_EQ(message["error"]["code"], int(RpcError::parse_error));
  }
}

TEST_F(DoorTest, LetsTheEditorTryAgainIfInitializeWasRefused) {
  client_requests(0, "initialize");
  client_requests(1, "textDocument/hover");
  door_.on_connected();
  server_sends(error_message(host_.server.back().at("id"), RpcError::invalid_params, "no"));
  EXPECT_EQ(error(0), int(RpcError::invalid_params));
  EXPECT_EQ(error(1), int(RpcError::server_not_initialized));
  client_requests(2, "initialize");
  server_answers_initialize();
  EXPECT_EQ(answers(2).size(), 1u);
}

TEST_F(DoorTest, PassesMessagesOnUnchanged) {
  run();
  const Json request = request_message(5, "textDocument/codeAction", {{"a", {1, 2}}});
  client_sends(request);
  EXPECT_EQ(host_.server.back(), request);
  server_sends(result_message(5, {1, 2, 3}));
  ASSERT_EQ(answers(5).size(), 1u);
  EXPECT_EQ(answers(5)[0]["result"], Json({1, 2, 3}));
  server_sends(notification_message("window/logMessage", {{"message", "x"}}));
  EXPECT_EQ(client_was_told("window/logMessage").size(), 1u);
}

TEST_F(DoorTest, AnswersEachRequestOnceEvenIfTheServerAnswersTwice) {
  run();
  client_requests(5, "textDocument/codeAction");
  server_sends(result_message(5, nullptr));
  server_sends(result_message(5, nullptr));
  server_sends(result_message(6, nullptr));
  EXPECT_EQ(answers(5).size(), 1u);
  EXPECT_EQ(answers(6).size(), 0u);
}

TEST_F(DoorTest, RefusesAnIdThatIsInUse) {
  run();
  client_requests(5, "textDocument/codeAction");
  client_requests(5, "textDocument/codeAction");
  EXPECT_EQ(error(5), int(RpcError::invalid_request));
}

TEST_F(DoorTest, AnswersWhatADeadServerLeft) {
  run();
  client_requests(1, "textDocument/inlineCompletion");
  client_requests(2, "textDocument/completion");
  client_requests(3, "workspace/executeCommand");
  client_requests(4, "textDocument/codeAction");
  door_.on_server_lost();
  ASSERT_EQ(answers(1).size(), 1u);
  EXPECT_EQ(answers(1)[0]["result"], (Json{{"items", Json::array()}}));
  ASSERT_EQ(answers(2).size(), 1u);
  EXPECT_EQ(answers(2)[0]["result"]["items"], Json::array());
  EXPECT_EQ(error(3), int(RpcError::request_failed));
  EXPECT_EQ(error(4), int(RpcError::content_modified));
}

TEST_F(DoorTest, BringsANewServerToWhereTheOldOneWas) {
  run({{"rootUri", "file:///p"}, {"initializationOptions", {{"a", 1}}}});
  client_notifies("workspace/didChangeConfiguration", {{"settings", {{"fathom", {{"b", 2}}}}}});
  client_notifies("workspace/didChangeWorkspaceFolders",
                  {{"event",
                    {{"added", {{{"uri", "file:///q"}, {"name", "q"}}}},
                     {"removed", {{{"uri", "file:///p"}, {"name", "p"}}}}}}});
  open("file:///p/closed.cpp", "gone");
  client_notifies("textDocument/didClose", {{"textDocument", {{"uri", "file:///p/closed.cpp"}}}});
  client_notifies(
      "textDocument/didChange",
      {{"textDocument", {{"uri", kUri}, {"version", 9}}},
       {"contentChanges",
        {{{"range",
           {{"start", {{"line", 0}, {"character", 4}}}, {"end", {{"line", 0}, {"character", 5}}}}},
          {"text", "\xF0\x9F\x98\x80"}},
         {{"range",
           {{"start", {{"line", 0}, {"character", 6}}}, {"end", {{"line", 0}, {"character", 6}}}}},
          {"text", "z"}}}}});
  restart();

  ASSERT_EQ(methods_sent_to_server(),
            (std::vector<std::string>{"initialize", "initialized",
                                      "workspace/didChangeConfiguration", "textDocument/didOpen"}));
  const Json initialize = host_.server[0]["params"];
  EXPECT_EQ(initialize["initializationOptions"], (Json{{"a", 1}}));
  EXPECT_EQ(initialize["workspaceFolders"], Json::array({{{"uri", "file:///q"}, {"name", "q"}}}));
  EXPECT_FALSE(initialize.contains("rootUri"));
  EXPECT_EQ(host_.server[2]["params"]["settings"]["fathom"], (Json{{"b", 2}}));
  EXPECT_EQ(host_.server[3]["params"]["textDocument"],
            (Json{{"uri", kUri},
                  {"languageId", "cpp"},
                  {"version", 9},
                  {"text", "int \xF0\x9F\x98\x80z;\n"}}));
  EXPECT_TRUE(answers(0).empty());  // the editor sees no second answer to its initialize
}

TEST_F(DoorTest, TellsANewServerOfInitializedOnlyIfTheEditorHasSaidIt) {
  client_requests(0, "initialize");
  door_.on_connected();
  server_answers_initialize();
  restart();
  EXPECT_EQ(methods_sent_to_server(), std::vector<std::string>{"initialize"});
  client_notifies("initialized");
  EXPECT_EQ(host_.server.back().at("method"), "initialized");
}

TEST_F(DoorTest, AsksTheNextServerWhenTheFirstDiesBeforeItHasAnsweredInitialize) {
  client_requests(0, "initialize");
  door_.on_connected();
  door_.on_server_lost();
  EXPECT_TRUE(answers(0).empty());
  door_.on_connected();
  server_answers_initialize();
  EXPECT_EQ(answers(0).size(), 1u);
}

TEST_F(DoorTest, SuggestsNothingAndKeepsOtherRequestsWhileNoServerIsThere) {
  run();
  door_.on_server_lost();
  host_.server.clear();
  client_requests(1, "textDocument/inlineCompletion");
  client_requests(2, "workspace/executeCommand", {{"workDoneToken", "t"}});
  client_requests(3, "workspace/executeCommand", {{"workDoneToken", "u"}});
  client_requests(4, "textDocument/codeAction");
  client_notifies("$/cancelRequest", {{"id", 4}});
  client_notifies("window/workDoneProgress/cancel", {{"token", "u"}});
  EXPECT_EQ(answers(1).size(), 1u);
  EXPECT_EQ(answers(2).size(), 0u);
  EXPECT_EQ(error(3), int(RpcError::request_cancelled));
  EXPECT_EQ(error(4), int(RpcError::request_cancelled));
  door_.on_connected();
  server_answers_initialize();
  EXPECT_EQ(host_.server.back(),
            request_message(2, "workspace/executeCommand", {{"workDoneToken", "t"}}));
  server_sends(result_message(2, "done"));
  EXPECT_EQ(answers(2).size(), 1u);
}

TEST_F(DoorTest, GivesServerRequestsIdsThatNoOtherServerHad) {
  run();
  server_sends(request_message(1, "window/workDoneProgress/create", {{"token", "t"}}));
  const Json first = host_.client.back();
  restart();
  server_sends(request_message(1, "workspace/configuration", Json::object()));
  const Json second = host_.client.back();
  EXPECT_NE(first["id"], second["id"]);

  const size_t n_before = host_.server.size();
  client_sends({{"id", first["id"]}, {"result", nullptr}});  // asked by the dead server
  EXPECT_EQ(host_.server.size(), n_before);
  client_sends({{"id", second["id"]}, {"result", {1}}});
  EXPECT_EQ(host_.server.back(), (Json{{"id", 1}, {"result", {1}}}));
}

TEST_F(DoorTest, EndsTheProgressOfADeadServer) {
  run();
  const auto progress = [](const Json& token, const char* kind) {
    return notification_message("$/progress", {{"token", token}, {"value", {{"kind", kind}}}});
  };
  server_sends(progress("ended", "begin"));
  server_sends(progress("ended", "end"));
  server_sends(progress(5, "begin"));
  host_.client.clear();
  door_.on_server_lost();
  EXPECT_EQ(client_was_told("$/progress"), std::vector<Json>{progress(5, "end").at("params")});
}

TEST_F(DoorTest, TakesBackTheDiagnosticsOfADeadServer) {
  run();
  const auto diagnostics = [](const char* uri, int n) {
    return notification_message("textDocument/publishDiagnostics",
                                {{"uri", uri}, {"diagnostics", Json(size_t(n), Json::object())}});
  };
  server_sends(diagnostics("file:///gone", 2));
  server_sends(diagnostics("file:///there", 1));
  server_sends(diagnostics("file:///gone", 0));
  host_.client.clear();
  door_.on_server_lost();
  EXPECT_EQ(client_was_told("textDocument/publishDiagnostics"),
            std::vector<Json>{diagnostics("file:///there", 0).at("params")});
}

TEST_F(DoorTest, TakesBackTheRegistrationsOfADeadServer) {
  run();
  server_sends(request_message(1, "client/registerCapability",
                               {{"registrations",
                                 {{{"id", "w"}, {"method", "workspace/didChangeWatchedFiles"}},
                                  {{"id", "gone"}, {"method", "m"}}}}}));
  server_sends(request_message(2, "client/unregisterCapability",
                               {{"unregisterations", {{{"id", "gone"}, {"method", "m"}}}}}));
  host_.client.clear();
  door_.on_server_lost();
  ASSERT_EQ(client_was_told("client/unregisterCapability").size(), 1u);
  EXPECT_EQ(client_was_told("client/unregisterCapability")[0]["unregisterations"],
            Json::array({{{"id", "w"}, {"method", "workspace/didChangeWatchedFiles"}}}));
}

TEST_F(DoorTest, DoesNotUseAServerOfAnotherVersion) {
  client_requests(0, "initialize");
  door_.on_connected();
  Json other = initialize_result();
  other["serverInfo"]["version"] = "0.9";
  server_answers_initialize(other);
  ASSERT_EQ(host_.replaced.size(), 1u);
  EXPECT_NE(host_.replaced[0].find("0.9"), std::string::npos);
  EXPECT_TRUE(answers(0).empty());
  door_.on_connected();  // the replacement
  server_answers_initialize();
  EXPECT_EQ(answers(0).size(), 1u);
}

TEST_F(DoorTest, DoesNotUseAServerThatCountsPositionsOtherwise) {
  run();
  door_.on_server_lost();
  door_.on_connected();
  server_answers_initialize(initialize_result("utf-8"));
  EXPECT_EQ(host_.replaced.size(), 1u);
  EXPECT_FALSE(door_.is_live());
}

TEST_F(DoorTest, ShowsMessagesOnceTheEditorIsInitialized) {
  door_.show(MessageType::warning, "careful");
  client_requests(0, "initialize");
  door_.on_connected();
  server_answers_initialize();
  EXPECT_TRUE(client_was_told("window/showMessage").empty());
  client_notifies("initialized");
  ASSERT_EQ(client_was_told("window/showMessage").size(), 1u);
  EXPECT_EQ(client_was_told("window/showMessage")[0]["message"], "careful");
}

TEST_F(DoorTest, WarnsOfAnEngineThatWasStartedWithOtherOptions) {
  Door door(host_, {.version = "1.0", .process_id = 1, .engine_arguments = {"--model", "a"}}, log_);
  const auto start = [&](const Json& engine_arguments) {
    door.on_client(to_text(request_message(0, "initialize", Json::object())));
    door.on_connected();
    Json result = initialize_result();
    result["capabilities"]["experimental"]["fathom"]["engineArguments"] = engine_arguments;
    door.on_server(to_text(Json{{"id", host_.server.back().at("id")}, {"result", result}}));
    door.on_client(to_text(notification_message("initialized", Json::object())));
  };
  start({"--model", "b"});
  EXPECT_EQ(client_was_told("window/showMessage").size(), 1u);
}

TEST_F(DoorTest, KnowsAServerThatWorksBySuggestionsAndCommands) {
  run();
  client_requests(1, "textDocument/inlineCompletion");
  server_sends(result_message(1, {{"items", Json::array()}}));
  EXPECT_FALSE(door_.has_worked());
  client_requests(2, "textDocument/inlineCompletion");
  server_sends(result_message(2, {{"items", {{{"insertText", "x"}}}}}));
  EXPECT_TRUE(door_.has_worked());
  restart();
  EXPECT_FALSE(door_.has_worked());
}

TEST_F(DoorTest, EndsTheSessionWithItsEditor) {
  run();
  client_requests(1, "textDocument/inlineCompletion");
  door_.on_client_end();
  EXPECT_EQ(error(1), int(RpcError::request_cancelled));
  EXPECT_TRUE(host_.left);
  EXPECT_FALSE(door_.needs_server());
  EXPECT_EQ(door_.exit_code(), 1);
}

TEST_F(DoorTest, AnswersEverythingWhenThereWillBeNoServer) {
  client_requests(0, "initialize");
  client_requests(1, "textDocument/hover");
  door_.give_up("no engine");
  EXPECT_EQ(error(0), int(RpcError::request_failed));
  EXPECT_EQ(error(1), int(RpcError::server_not_initialized));
  EXPECT_TRUE(host_.left);
}

TEST_F(DoorTest, SurvivesEveryMessageOfWrongShape) {
  run();
  const std::vector<Json> odd = {nullptr, 1, "x", Json::array({1}), Json::object()};
  for (const Json& params : odd) {
    for (const char* method :
         {"initialized", "workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders",
          "textDocument/didOpen", "textDocument/didChange", "textDocument/didClose",
          "$/cancelRequest", "window/workDoneProgress/cancel"}) {
      client_notifies(method, params);
      client_notifies(method, {{"textDocument", params}, {"event", params}, {"id", params}});
    }
    for (const char* method : {"$/progress", "client/registerCapability"}) {
      server_sends(notification_message(method, params));
      server_sends(request_message(1, method, params));
      server_sends(request_message(1, method, {{"registrations", params}, {"value", params}}));
    }
    server_sends(params);
  }
  restart();
  EXPECT_TRUE(door_.is_live());
}

}  // namespace
}  // namespace fathom::lsp
