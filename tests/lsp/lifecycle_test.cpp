// initialize, initialized, shutdown, exit, the end of the input, and what may happen when.

#include <algorithm>

#include <gtest/gtest.h>

#include "lsp/framing.h"
#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

TEST(Lifecycle, InitializeSaysWhatTheServerCan) {
  TestClient client;
  const Json result = client.initialize();
  EXPECT_EQ(result["serverInfo"], (Json{{"name", "fathom"}, {"version", "1.2.3"}}));
  const Json& can = result["capabilities"];
  EXPECT_EQ(can["positionEncoding"], "utf-16");
  EXPECT_EQ(can["textDocumentSync"], (Json{{"openClose", true}, {"change", 2}, {"save", true}}));
  EXPECT_EQ(can["inlineCompletionProvider"], true);
  EXPECT_EQ(can["codeActionProvider"], true);
  const Json& commands = can["executeCommandProvider"]["commands"];
  EXPECT_EQ(commands.size(), 12u);
  for (const char* command : {"fathom.explain", "fathom.answerNow", "fathom.didAccept"})
    EXPECT_EQ(std::count(commands.begin(), commands.end(), command), 1) << command;
}

TEST(Lifecycle, OffersTheMenuOnlyToClientsWithoutInlineCompletion) {
  EXPECT_TRUE(TestClient().initialize()["capabilities"].contains("completionProvider"));
  const Json modern = {
      {"capabilities", {{"textDocument", {{"inlineCompletion", Json::object()}}}}}};
  EXPECT_FALSE(TestClient().initialize(modern)["capabilities"].contains("completionProvider"));
}

TEST(Lifecycle, ChoosesUtf8WhereTheClientCan) {
  const auto chosen = [](const Json& offered) {
    const Json params = {{"capabilities", {{"general", {{"positionEncodings", offered}}}}}};
    return TestClient().initialize(params)["capabilities"]["positionEncoding"];
  };
  EXPECT_EQ(chosen({"utf-16", "utf-8"}), "utf-8");
  EXPECT_EQ(chosen({"utf-32", "utf-16"}), "utf-16");
  EXPECT_EQ(chosen({"utf-32"}), "utf-32");
  EXPECT_EQ(chosen(Json::array()), "utf-16");
  EXPECT_EQ(chosen({"utf-7"}), "utf-16");
}

TEST(Lifecycle, AnswersRequestsBeforeInitializeWithNotInitialized) {
  TestClient client;
  EXPECT_EQ(client.error(client.request("textDocument/inlineCompletion")), -32002);
  EXPECT_EQ(client.error(client.request("shutdown")), -32002);
  client.open("file:///a", "cpp", "int");
  EXPECT_EQ(client.session().documents().size(), 0u);
  client.initialize();
  EXPECT_EQ(client.error(client.request("initialize")), -32600);
}

TEST(Lifecycle, RefusesParametersOfTheWrongTypeAndMayBeAskedAgain) {
  TestClient client;
  EXPECT_EQ(client.error(client.request("initialize", {{"processId", "x"}})), -32602);
  EXPECT_EQ(client.error(client.request("initialize", {{"workspaceFolders", 5}})), -32602);
  EXPECT_TRUE(client.initialize({{"processId", nullptr}, {"rootUri", nullptr}}).is_object());
}

TEST(Lifecycle, WatchesTheClientsProcess) {
  TestClient client;
  client.initialize({{"processId", 4711}});
  EXPECT_EQ(client.transport().watched, std::vector<int64_t>{4711});
}

TEST(Lifecycle, RefusesRequestsAfterShutdown) {
  TestClient client;
  client.initialize();
  EXPECT_EQ(client.result(client.request("shutdown")), nullptr);
  EXPECT_EQ(client.error(client.request("textDocument/inlineCompletion")), -32600);
  EXPECT_EQ(client.error(client.request("shutdown")), -32600);
  EXPECT_FALSE(client.transport().closed);
}

TEST(Lifecycle, ExitClosesAndCountsAsCleanAfterShutdownOnly) {
  TestClient polite;
  polite.initialize();
  polite.request("shutdown");
  polite.notify("exit");
  EXPECT_TRUE(polite.transport().closed);
  EXPECT_EQ(polite.session().exit_code(), 0);

  TestClient rude;
  rude.notify("exit");
  EXPECT_TRUE(rude.transport().closed);
  EXPECT_EQ(rude.session().exit_code(), 1);
}

TEST(Lifecycle, HandlesNothingAfterExit) {
  TestClient client;
  client.initialize();
  client.notify("exit");
  EXPECT_TRUE(client.answers(client.request("shutdown")).empty());
}

TEST(Lifecycle, AnswersWhatIsInFlightWhenTheInputEnds) {
  TestClient client;
  client.initialize();
  client.open("file:///a.py", "python", "def f(");
  const int id = client.request("textDocument/inlineCompletion", at("file:///a.py", 0, 6));
  EXPECT_TRUE(client.answers(id).empty());
  client.session().on_end();
  EXPECT_EQ(client.error(id), -32800);
  EXPECT_TRUE(client.transport().closed);
  EXPECT_EQ(client.session().exit_code(), 1);
  client.run();
  EXPECT_EQ(client.answers(id).size(), 1u);
}

TEST(Lifecycle, AnswersWhatIsInFlightAtShutdown) {
  TestClient client;
  client.initialize();
  client.open("file:///a.py", "python", "def f(");
  const int id = client.request("textDocument/inlineCompletion", at("file:///a.py", 0, 6));
  EXPECT_EQ(client.result(client.request("shutdown")), nullptr);
  EXPECT_EQ(client.error(id), -32800);
}

TEST(Lifecycle, GoesOnAfterMessagesThatCannotBeRead) {
  TestClient client;
  client.session().on_bytes("nonsense\r\n\r\n" + frame("{]"));
  ASSERT_EQ(client.transport().sent.size(), 2u);
  for (const Json& answer : client.transport().sent) {
    EXPECT_EQ(answer["id"], nullptr);
    EXPECT_EQ(answer["error"]["code"], -32700);
  }
  EXPECT_TRUE(client.initialize().is_object());
}

TEST(Lifecycle, AnswersUnknownRequestsAndIgnoresUnknownNotifications) {
  TestClient client;
  client.initialize();
  const size_t n_before = client.transport().sent.size();
  client.notify("$/setTrace", {{"value", "off"}});
  client.notify("$/unknown");
  client.notify("workspace/didChangeWatchedFiles");
  client.notify("textDocument/didSave");
  client.notify("textDocument/didShowCompletion");
  client.notify("textDocument/didPartiallyAcceptCompletion");
  EXPECT_EQ(client.transport().sent.size(), n_before);
  EXPECT_EQ(client.error(client.request("textDocument/hover")), -32601);
  EXPECT_EQ(client.error(client.request("$/unknown")), -32601);
}

}  // namespace
}  // namespace fathom::lsp
