// The command "fathom.explain".

#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///a.cpp";

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    client_.initialize();
    client_.open(kUri, "cpp", "int add(int a, int b) {\n  return a + b;\n}\n");
  }

  int explain(const Json& arguments, const Json& token = nullptr) {
    Json params = {{"command", "fathom.explain"}, {"arguments", Json::array({arguments})}};
    if (!token.is_null()) params["workDoneToken"] = token;
    return client_.request("workspace/executeCommand", params);
  }

  static Json range(int first_line, int last_line) {
    return {{"start", {{"line", first_line}, {"character", 0}}},
            {"end", {{"line", last_line}, {"character", 0}}}};
  }

  TestClient client_;
};

TEST_F(ExplainTest, GivesReasoningAndAnswer) {
  client_.generator().answer("thinking</think>It adds.");
  const int id = explain({{"uri", kUri}, {"range", range(0, 2)}});
  client_.run();
  EXPECT_EQ(client_.result(id), (Json{{"reasoning", "thinking"}, {"answer", "It adds."}}));
  EXPECT_TRUE(client_.sent("$/progress").empty());
  EXPECT_TRUE(client_.sent("window/showMessage").empty());
}

TEST_F(ExplainTest, StreamsOnTheClientsTokenBetweenOneBeginAndOneEnd) {
  client_.generator().answer("thinking</think>It adds.\n");
  const int id = explain({{"uri", kUri}, {"range", range(0, 2)}}, "token");
  client_.run();
  const std::vector<Json> progress = client_.sent("$/progress");
  ASSERT_GE(progress.size(), 4u);
  EXPECT_EQ(
      progress.front()["value"],
      (Json{{"kind", "begin"}, {"title", "fathom: explaining a.cpp:1-3"}, {"cancellable", true}}));
  EXPECT_EQ(progress.back()["value"], (Json{{"kind", "end"}}));
  Json streamed = {{"reasoning", ""}, {"answer", ""}};
  for (size_t i = 0; i < progress.size(); ++i) {
    EXPECT_EQ(progress[i]["token"], "token");
    if (i == 0 || i + 1 == progress.size()) continue;
    const Json& value = progress[i]["value"];
    EXPECT_EQ(value["kind"], "report");
    EXPECT_LE(value["message"].get<std::string>().size(), 80u);
    Json& text = streamed[value["fathom"]["channel"].get<std::string>()];
    text = text.get<std::string>() + value["fathom"]["delta"].get<std::string>();
  }
  EXPECT_EQ(streamed["reasoning"], client_.result(id)["reasoning"]);
  EXPECT_EQ(streamed["answer"], client_.result(id)["answer"]);
}

TEST_F(ExplainTest, ShowsTheAnswerOnDemand) {
  client_.generator().answer("</think>It adds.");
  explain({{"uri", kUri}, {"show", true}});
  client_.run();
  ASSERT_EQ(client_.sent("window/showMessage").size(), 1u);
  EXPECT_EQ(client_.sent("window/showMessage")[0]["message"], "It adds.");
}

TEST_F(ExplainTest, CanBeCancelledByRequestAndByProgress) {
  const int by_request = explain({{"uri", kUri}}, 1);
  const int by_progress = explain({{"uri", kUri}}, 2);
  client_.notify("$/cancelRequest", {{"id", by_request}});
  client_.notify("window/workDoneProgress/cancel", {{"token", 2}});
  client_.notify("window/workDoneProgress/cancel", {{"token", "unknown"}});
  EXPECT_EQ(client_.error(by_request), -32800);
  EXPECT_EQ(client_.error(by_progress), -32800);
  client_.run();
  EXPECT_EQ(client_.answers(by_request).size(), 1u);
  EXPECT_EQ(client_.answers(by_progress).size(), 1u);
  EXPECT_EQ(client_.sent("$/progress").size(), 4u);  // two begins, two ends
}

TEST_F(ExplainTest, OutlivesItsDocument) {
  client_.generator().answer("</think>It adds.");
  const int id = explain({{"uri", kUri}});
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client_.run();
  EXPECT_EQ(client_.result(id)["answer"], "It adds.");
}

TEST_F(ExplainTest, RefusesWhatItCannotExplain) {
  EXPECT_EQ(client_.error(explain({{"uri", "file:///other"}})), -32602);
  EXPECT_EQ(client_.error(explain({{"uri", kUri}, {"range", range(0, 99)}})), -32602);
  EXPECT_EQ(client_.error(explain({{"uri", kUri}, {"range", range(2, 1)}})), -32602);
  EXPECT_EQ(client_.error(explain(Json::object())), -32602);
  EXPECT_EQ(
      client_.error(client_.request("workspace/executeCommand", {{"command", "fathom.explain"}})),
      -32602);
  EXPECT_EQ(client_.error(client_.request("workspace/executeCommand", {{"command", "rm"}})),
            -32602);
}

TEST_F(ExplainTest, SaysWhyWhenTheModelFails) {
  client_.generator().answer(test::FakeAnswer{.text = "a", .fails = true});
  const int id = explain({{"uri", kUri}}, 1);
  client_.run();
  EXPECT_EQ(client_.error(id), -32803);
  EXPECT_EQ(client_.sent("$/progress").back()["value"]["kind"], "end");
}

TEST_F(ExplainTest, IsRefusedWhileAFewAreBeingWritten) {
  for (int i = 0; i < 4; ++i) explain({{"uri", kUri}});
  const int fifth = explain({{"uri", kUri}});
  EXPECT_EQ(client_.error(fifth), -32803);
  client_.run();
  const int sixth = explain({{"uri", kUri}});
  client_.run();
  EXPECT_EQ(client_.error(sixth), 0);
}

/// Asks for an explanation that reports on the token "t".
int explain_in(TestClient& client) {
  client.initialize();
  client.open(kUri, "cpp", "int x;");
  return client.request("workspace/executeCommand",
                        {{"command", "fathom.explain"},
                         {"workDoneToken", "t"},
                         {"arguments", Json::array({{{"uri", kUri}}})}});
}

TEST(ExplainWithoutModel, SaysWhyThereIsNone) {
  TestClient client(TestClient::Model::failed);
  const int id = explain_in(client);
  client.run();
  EXPECT_EQ(client.error(id), -32803);
  EXPECT_EQ(client.answers(id)[0]["error"]["message"],
            "the model could not be loaded: model.gguf: truncated");
  EXPECT_EQ(client.sent("$/progress").back()["value"]["kind"], "end");
}

TEST(ExplainWithoutModel, WaitsForItAndSaysSo) {
  TestClient client(TestClient::Model::loading);
  client.generator().answer("</think>It is a number.");
  const int id = explain_in(client);
  client.run();
  EXPECT_TRUE(client.answers(id).empty());
  const std::string message = client.sent("$/progress").back()["value"]["message"];
  EXPECT_TRUE(message.starts_with("loading the model, ")) << message;
  client.finish_loading();
  EXPECT_EQ(client.result(id)["answer"], "It is a number.");
}

TEST(ExplainWithoutModel, CanBeCancelledWhileItWaits) {
  TestClient client(TestClient::Model::loading);
  const int id = explain_in(client);
  client.notify("$/cancelRequest", {{"id", id}});
  EXPECT_EQ(client.error(id), -32800);
  client.finish_loading();
  EXPECT_EQ(client.answers(id).size(), 1u);
  EXPECT_EQ(client.sent("$/progress").back()["value"]["kind"], "end");
}

}  // namespace
}  // namespace fathom::lsp
