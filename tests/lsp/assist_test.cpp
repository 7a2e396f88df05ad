// Commands that write code, documents that show what is written, and "answer now".

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kUri = "file:///p/a.py";
constexpr const char* kText = "import os\n\ndef f(a):\n    return b\n";
constexpr const char* kFixed = "</think>So:\n```python\ndef f(a):\n    return a\n```\n";

const Json kEditor = Json::parse(R"({"capabilities": {
  "workspace": {
    "workspaceEdit": {"documentChanges": true, "resourceOperations": ["create"],
                      "changeAnnotationSupport": {}},
    "textDocumentContent": {}},
  "window": {"showDocument": {"support": true}, "workDoneProgress": true}}})");

class AssistTest : public testing::Test {
 protected:
  void start(const Json& params = Json::object()) {
    initialized_ = client_.initialize(params);
    client_.open(kUri, "python", kText);
  }

  int run(const std::string& command, Json arguments, const Json& token = nullptr) {
    arguments["uri"] = kUri;
    Json params = {{"command", command}, {"arguments", Json::array({arguments})}};
    if (!token.is_null()) params["workDoneToken"] = token;
    return client_.request("workspace/executeCommand", params);
  }

  /// Fixes the function of the text.
  int fix(bool apply = false) {
    const int id =
        run("fathom.fix",
            {{"range", kFunction}, {"diagnostic", "undefined name 'b'"}, {"apply", apply}});
    return id;
  }

  void change() {
    client_.notify("textDocument/didChange",
                   {{"textDocument", {{"uri", kUri}, {"version", 2}}},
                    {"contentChanges", Json::array({{{"text", "import os\n"}}})}});
  }

  const Json kFunction =
      Json::parse(R"({"start": {"line": 2, "character": 4}, "end": {"line": 3, "character": 1}})");

  TestClient client_;
  Json initialized_;
};

TEST_F(AssistTest, AFixIsAnEditOfTheVersionThatWasAskedAbout) {
  start(kEditor);
  client_.generator().answer(kFixed);
  const int id = fix();
  client_.run();
  const Json result = client_.result(id);
  EXPECT_THAT(client_.generator().prompt_text(0), HasSubstr("undefined name 'b'"));
  const Json& change = result["edit"]["documentChanges"][0];
  EXPECT_EQ(change["textDocument"], (Json{{"uri", kUri}, {"version", 1}}));
  EXPECT_EQ(change["edits"][0]["range"], Json::parse(R"({"start": {"line": 2, "character": 0},
                                                         "end": {"line": 3, "character": 12}})"));
  EXPECT_EQ(change["edits"][0]["newText"], "def f(a):\n    return a");
  EXPECT_EQ(result["edit"]["changeAnnotations"]["fathom"]["needsConfirmation"], true);
  EXPECT_THAT(client_.sent("workspace/applyEdit"), IsEmpty());
  EXPECT_FALSE(result.contains("applied"));
}

TEST_F(AssistTest, AnEditIsAppliedOnDemandAndTheAnswerSaysWhetherItWas) {
  start(kEditor);
  for (const bool applied : {true, false}) {
    client_.generator().answer(kFixed);
    const int id = fix(/*apply=*/true);
    client_.run();
    EXPECT_THAT(client_.answers(id), IsEmpty());
    EXPECT_EQ(client_.sent("workspace/applyEdit").back()["label"], "Fix with fathom");
    client_.respond("workspace/applyEdit", {{"applied", applied}});
    EXPECT_EQ(client_.result(id)["applied"], applied);
  }
}

TEST_F(AssistTest, NothingIsEditedIfTheTextWasChangedMeanwhile) {
  start(kEditor);
  client_.generator().answer(kFixed);
  const int id = fix(/*apply=*/true);
  change();
  client_.run();
  EXPECT_EQ(client_.result(id)["editProblem"], "the document was changed meanwhile");
  EXPECT_FALSE(client_.result(id).contains("edit"));
  EXPECT_THAT(client_.sent("workspace/applyEdit"), IsEmpty());

  client_.generator().answer(kFixed);
  client_.open(kUri, "python", kText);
  const int closed = fix(/*apply=*/true);
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client_.run();
  EXPECT_TRUE(client_.result(closed).contains("editProblem"));
}

TEST_F(AssistTest, NothingIsEditedIfTheModelDidNotSeeTheCodeAsItIs) {
  start();
  client_.open(kUri, "python", "KEY = 'AKIAQYLPMN5HHHFPZAM2'\nx = b\n");
  client_.generator().answer("</think>```\nKEY = '********************'\nx = 1\n```\n");
  client_.generator().answer("</think>```\nx = 1\n```\n");
  const int whole = run("fathom.fix", {{"diagnostic", "d"}});
  const int line =
      run("fathom.fix",
          {{"diagnostic", "d"}, {"range", Json::parse(R"({"start": {"line": 1, "character": 0},
                                                       "end": {"line": 1, "character": 2}})")}});
  client_.run();
  EXPECT_THAT(client_.result(whole)["editProblem"], HasSubstr("credentials"));
  EXPECT_TRUE(client_.result(line).contains("edit")) << client_.result(line);
}

TEST_F(AssistTest, AnAnswerWithoutCodeIsStillAnAnswer) {
  start();
  client_.generator().answer("</think>I would rename it.");
  const int id = run("fathom.document", {{"range", kFunction}, {"show", true}});
  client_.run();
  EXPECT_EQ(client_.result(id)["answer"], "I would rename it.");
  EXPECT_THAT(client_.result(id)["editProblem"], HasSubstr("no whole block"));
  ASSERT_EQ(client_.sent("window/showMessage").size(), 2u);
  EXPECT_THAT(client_.sent("window/showMessage")[0]["message"], HasSubstr("no edit"));
}

TEST_F(AssistTest, TestsAreANewFileWhereTheClientCanCreateOne) {
  start(kEditor);
  client_.generator().answer("</think>```python\ndef test_f():\n    pass\n```");
  const int id = run("fathom.writeTests", {{"range", kFunction}});
  client_.run();
  const Json changes = client_.result(id)["edit"]["documentChanges"];
  EXPECT_EQ(changes[0]["kind"], "create");
  EXPECT_EQ(changes[0]["uri"], "file:///p/test_a.py");
  EXPECT_EQ(changes[1]["edits"][0]["newText"], "def test_f():\n    pass\n");
}

TEST_F(AssistTest, TestsAreOnlyAnAnswerElsewhere) {
  start();
  client_.generator().answer("</think>```python\ndef test_f():\n    pass\n```");
  const int id = run("fathom.writeTests", {{"range", kFunction}});
  client_.run();
  EXPECT_EQ(client_.result(id)["editProblem"], "the client cannot create files by edits");
}

TEST_F(AssistTest, QuestionsAreTheUsersOwn) {
  start();
  client_.generator().answer("</think>Because.");
  const int id = run("fathom.ask", {{"question", "Why is it so?"}});
  client_.run();
  EXPECT_EQ(client_.result(id), (Json{{"reasoning", ""}, {"answer", "Because."}}));
  EXPECT_THAT(client_.generator().prompt_text(0), HasSubstr("Why is it so?"));
  EXPECT_EQ(client_.error(run("fathom.ask", Json::object())), -32602);
  EXPECT_EQ(client_.error(run("fathom.fix", Json::object())), -32602);
}

TEST_F(AssistTest, TheAnswerIsADocumentThatGrowsWhereTheClientShowsThem) {
  start(kEditor);
  EXPECT_EQ(initialized_["capabilities"]["workspace"]["textDocumentContent"],
            (Json{{"schemes", {"fathom"}}}));
  client_.generator().answer("thinking</think>It returns b.");
  const int id = run("fathom.explain", {{"show", true}});
  const std::string uri = "fathom:/explanation/1.md";
  ASSERT_EQ(client_.sent("window/showDocument").size(), 1u);
  EXPECT_EQ(client_.sent("window/showDocument")[0], (Json{{"uri", uri}, {"takeFocus", false}}));
  client_.run();
  EXPECT_EQ(client_.result(id)["document"], uri);
  EXPECT_GE(client_.sent("workspace/textDocumentContent/refresh").size(), 1u);
  EXPECT_THAT(client_.sent("window/showMessage"), IsEmpty());
  const Json text =
      client_.result(client_.request("workspace/textDocumentContent", {{"uri", uri}}));
  EXPECT_EQ(text["text"],
            "# fathom: explaining a.py\n\n## Reasoning\n\nthinking\n\n## Answer\n\nIt returns b.");
  EXPECT_EQ(client_.error(client_.request("workspace/textDocumentContent",
                                          {{"uri", "fathom:/explanation/2.md"}})),
            -32602);
}

TEST_F(AssistTest, ProgressIsShownOnATokenOfOursIfTheClientGaveNone) {
  start(kEditor);
  client_.generator().answer("</think>It returns b.");
  run("fathom.explain", {{"show", true}});
  ASSERT_FALSE(client_.sent("window/workDoneProgress/create").empty());
  const Json token = client_.sent("window/workDoneProgress/create").back()["token"];
  client_.respond("window/workDoneProgress/create", nullptr);
  client_.run();
  std::vector<std::string> kinds;
  for (const Json& progress : client_.sent("$/progress"))
    if (progress["token"] == token) kinds.push_back(progress["value"]["kind"]);
  ASSERT_GE(kinds.size(), 3u);
  EXPECT_EQ(kinds.front(), "begin");
  EXPECT_EQ(kinds.back(), "end");
}

TEST_F(AssistTest, AnswerNowOfAnUnknownTokenIsHarmless) {
  start();
  client_.notify("fathom/answerNow", {{"token", "unknown"}});
  EXPECT_EQ(client_.result(client_.request(
                "workspace/executeCommand",
                {{"command", "fathom.answerNow"}, {"arguments", Json::array({{{"token", 1}}})}})),
            nullptr);
  EXPECT_EQ(
      client_.error(client_.request("workspace/executeCommand", {{"command", "fathom.answerNow"}})),
      -32602);
}

}  // namespace
}  // namespace fathom::lsp
