#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kUri = "file:///a.cpp";

const Json kLiterals = {
    {"capabilities",
     {{"textDocument",
       {{"codeAction",
         {{"codeActionLiteralSupport", {{"codeActionKind", {{"valueSet", {"quickfix"}}}}}}}}}}}}};

Json range(int first_line, int last_line) {
  return {{"start", {{"line", first_line}, {"character", 0}}},
          {"end", {{"line", last_line}, {"character", 0}}}};
}

class CodeActionTest : public testing::Test {
 protected:
  Json actions(const Json& context, const Json& where = range(1, 2)) {
    return client_.result(client_.request(
        "textDocument/codeAction",
        {{"textDocument", {{"uri", kUri}}}, {"range", where}, {"context", context}}));
  }

  static std::vector<std::string> titles(const Json& actions) {
    std::vector<std::string> out;
    for (const Json& action : actions) out.push_back(action["title"]);
    return out;
  }

  void open() {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "int x" + std::to_string(i) + ";\n";
    client_.open(kUri, "cpp", text);
  }

  TestClient client_;
};

TEST_F(CodeActionTest, AreCommandsForClientsThatKnowNothingElse) {
  EXPECT_EQ(client_.initialize()["capabilities"]["codeActionProvider"], true);
  open();
  const Json all = actions({{"diagnostics", Json::array()}});
  EXPECT_THAT(titles(all),
              ElementsAre("Explain with fathom", "Find bugs with fathom",
                          "Write documentation with fathom", "Write tests with fathom"));
  EXPECT_EQ(all[0],
            (Json{{"title", "Explain with fathom"},
                  {"command", "fathom.explain"},
                  {"arguments",
                   Json::array({{{"uri", kUri}, {"range", range(1, 2)}, {"show", true}}})}}));
}

TEST_F(CodeActionTest, HaveKindsForClientsThatKnowThem) {
  EXPECT_EQ(client_.initialize(kLiterals)["capabilities"]["codeActionProvider"],
            (Json{{"codeActionKinds", {"quickfix", "refactor.rewrite"}}}));
  open();
  const Json all = actions({{"diagnostics", Json::array()}});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_FALSE(all[0].contains("kind"));
  EXPECT_EQ(all[2]["kind"], "refactor.rewrite");
  EXPECT_EQ(all[2]["command"]["command"], "fathom.document");
  EXPECT_EQ(all[2]["command"]["arguments"][0]["apply"], true);
}

TEST_F(CodeActionTest, HaveTheirEditsOnDemandForClientsThatAskForThem) {
  Json params = kLiterals;
  Json& can = params["capabilities"]["textDocument"]["codeAction"];
  can["dataSupport"] = true;
  can["resolveSupport"]["properties"] = {"edit"};
  params["capabilities"]["workspace"]["workspaceEdit"]["documentChanges"] = true;
  EXPECT_EQ(client_.initialize(params)["capabilities"]["codeActionProvider"]["resolveProvider"],
            true);
  client_.open(kUri, "python", "x = a\n");
  const Json all = actions(
      {{"diagnostics", {{{"range", range(0, 0)}, {"message", "m"}}}}},
      Json{{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 0}, {"character", 5}}}});
  ASSERT_EQ(titles(all)[0], "Fix with fathom: m");
  EXPECT_FALSE(all[0].contains("command"));
  EXPECT_TRUE(all[1].contains("command")) << "explaining is no edit";
  EXPECT_FALSE(all[3].contains("command"));

  client_.generator().answer("</think>```\nx = b\n```\n");
  const int good = client_.request("codeAction/resolve", all[0]);
  client_.run();
  EXPECT_EQ(client_.result(good)["title"], all[0]["title"]);
  EXPECT_EQ(client_.result(good)["edit"]["documentChanges"][0]["edits"][0]["newText"], "x = b");
  EXPECT_THAT(client_.sent("workspace/applyEdit"), IsEmpty());
  EXPECT_THAT(client_.sent("window/showDocument"), IsEmpty());

  client_.generator().answer("</think>There is nothing to fix.");
  const int none = client_.request("codeAction/resolve", all[0]);
  client_.run();
  EXPECT_EQ(client_.error(none), -32803);
}

TEST_F(CodeActionTest, OnlyThoseWithAnEditCanBeResolved) {
  client_.initialize(kLiterals);
  open();
  const auto error = [&](const Json& data) {
    return client_.error(client_.request("codeAction/resolve", {{"title", "t"}, {"data", data}}));
  };
  const Json arguments = {{"uri", kUri}};
  EXPECT_EQ(error(nullptr), -32602);
  EXPECT_EQ(error({{"command", "fathom.explain"}, {"arguments", arguments}}), -32602);
  EXPECT_EQ(error({{"command", "rm"}, {"arguments", arguments}}), -32602);
  EXPECT_EQ(error({{"command", "fathom.fix"}, {"arguments", {{"uri", "file:///no"}}}}), -32602);
}

TEST_F(CodeActionTest, AreOfTheKindsThatTheClientWants) {
  client_.initialize(kLiterals);
  open();
  EXPECT_THAT(actions({{"only", {"source.organizeImports"}}}), IsEmpty());
  EXPECT_THAT(titles(actions({{"only", {"refactor"}}})),
              ElementsAre("Write documentation with fathom", "Write tests with fathom"));
  EXPECT_THAT(actions({{"only", {"refactor.rewrite.deeper"}}}), IsEmpty());
  EXPECT_THAT(actions({{"only", {"refact"}}}), IsEmpty());
  EXPECT_EQ(actions({{"only", {""}}}).size(), 4u);
}

TEST_F(CodeActionTest, FixEachDiagnosticOfTheRequest) {
  client_.initialize(kLiterals);
  open();
  const Json diagnostic = {{"range", range(12, 12)},
                           {"message", "no such type\nin this scope"},
                           {"code", "E1"},
                           {"data", {{"of", "another server"}}}};
  const Json fixes = actions({{"diagnostics", {diagnostic}}, {"only", {"quickfix"}}});
  ASSERT_EQ(fixes.size(), 1u);
  EXPECT_EQ(fixes[0]["title"], "Fix with fathom: no such type");
  EXPECT_EQ(fixes[0]["kind"], "quickfix");
  EXPECT_EQ(fixes[0]["diagnostics"], Json::array({diagnostic}));
  const Json& arguments = fixes[0]["command"]["arguments"][0];
  EXPECT_EQ(arguments["diagnostic"], "no such type\nin this scope");
  EXPECT_EQ(arguments["range"]["start"], (Json{{"line", 2}, {"character", 0}}));
  EXPECT_EQ(arguments["range"]["end"], (Json{{"line", 22}, {"character", 8}}));

  Json many = Json::array();
  for (int i = 0; i < 100; ++i) many.push_back({{"range", range(0, 999)}, {"message", "m"}});
  EXPECT_EQ(actions({{"diagnostics", many}, {"only", {"quickfix"}}}).size(), 8u);
}

TEST_F(CodeActionTest, AreNoneOnEveryLineTheCursorPasses) {
  client_.initialize(kLiterals);
  open();
  EXPECT_THAT(actions({{"triggerKind", 2}}, range(1, 1)), IsEmpty());
  EXPECT_EQ(actions({{"triggerKind", 2}}).size(), 4u);
  EXPECT_EQ(actions({{"triggerKind", 1}}, range(1, 1)).size(), 4u);
}

TEST_F(CodeActionTest, AreRefusedForUnknownDocumentsAndWrongContexts) {
  client_.initialize();
  const auto ask = [&](const Json& context) {
    return client_.error(client_.request(
        "textDocument/codeAction",
        {{"textDocument", {{"uri", kUri}}}, {"range", range(0, 0)}, {"context", context}}));
  };
  EXPECT_EQ(ask(Json::object()), -32602);
  open();
  EXPECT_EQ(ask({{"only", "refactor"}}), -32602);
  EXPECT_EQ(ask({{"diagnostics", {{{"message", "m"}}}}}), -32602);
}

}  // namespace
}  // namespace fathom::lsp
