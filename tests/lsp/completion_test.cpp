// textDocument/inlineCompletion and textDocument/completion.

#include <gtest/gtest.h>

#include "lsp/handlers/completion_request.h"
#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///a.cpp";
constexpr const char* kInline = "textDocument/inlineCompletion";
constexpr const char* kSource = "int add(int a, int b) {\n  return \n}\n";
const Json kNothing = {{"items", Json::array()}};

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    client_.initialize();
    client_.open(kUri, "cpp", kSource);
  }

  TestClient client_;
};

TEST_F(CompletionTest, SuggestsWhatTheModelWritesWithItsRange) {
  client_.generator().answer("a + b;");
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.run();
  const Json result = client_.result(id);
  ASSERT_EQ(result["items"].size(), 1u) << result;
  EXPECT_EQ(result["items"][0]["insertText"], "a + b;");
  EXPECT_EQ(result["items"][0]["range"],
            Json::parse(R"({"start":{"line":1,"character":9},"end":{"line":1,"character":9}})"));
}

TEST_F(CompletionTest, HasAnEmptyListWhereThereIsNothingToSuggest) {
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.run();
  EXPECT_EQ(client_.result(id), kNothing);
}

TEST_F(CompletionTest, HasAnEmptyListWhenTheModelFails) {
  client_.generator().answer(test::FakeAnswer{.text = "a", .fails = true});
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.run();
  EXPECT_EQ(client_.result(id), kNothing);
}

TEST_F(CompletionTest, RefusesALineBehindTheDocumentAndClampsACharacterBehindItsLine) {
  EXPECT_EQ(client_.error(client_.request(kInline, at(kUri, 99, 0))), -32602);
  client_.generator().answer("a + b;");
  const int id = client_.request(kInline, at(kUri, 1, 9999));
  client_.run();
  EXPECT_EQ(client_.result(id)["items"][0]["range"]["start"]["character"], 9);
}

TEST_F(CompletionTest, RefusesParametersOfTheWrongKind) {
  for (const Json& params :
       {Json::object(), at(kUri, -1, 0), Json{{"textDocument", {{"uri", 5}}}},
        Json{{"textDocument", {{"uri", kUri}}}, {"position", "here"}}, at("file:///other", 0, 0)})
    EXPECT_EQ(client_.error(client_.request(kInline, params)), -32602) << params;
}

TEST_F(CompletionTest, GivesSomebodyWhoAsksByHandSeveralToChooseFrom) {
  for (const char* answer : {"a + b;", "a - b;", "a + b;"}) client_.generator().answer(answer);
  Json params = at(kUri, 1, 9);
  params["context"] = {{"triggerKind", 1}};
  const auto texts = [&](const Json& result) {
    std::vector<std::string> out;
    for (const Json& item : result["items"]) out.push_back(item["insertText"]);
    return out;
  };
  const int id = client_.request(kInline, params);
  client_.run();
  const Json items = client_.result(id)["items"];
  EXPECT_EQ(texts(client_.result(id)), std::vector<std::string>({"a + b;", "a - b;"}));
  EXPECT_NE(items[0]["command"]["arguments"], items[1]["command"]["arguments"]);
  EXPECT_EQ(client_.generator().requests().size(), 3u);

  const int again = client_.request(kInline, params);
  client_.run();
  EXPECT_EQ(client_.result(again), client_.result(id)) << "the same ids";
  params["context"]["triggerKind"] = 2;
  const int typing = client_.request(kInline, params);
  client_.run();
  EXPECT_EQ(texts(client_.result(typing)), std::vector<std::string>({"a + b;"}));
  EXPECT_EQ(client_.generator().requests().size(), 3u) << "all of that was known";
}

class EarlyTest : public testing::Test {
 protected:
  explicit EarlyTest(int budget_ms = 250) {
    client_.initialize(
        {{"initializationOptions", {{"completion", {{"latencyBudgetMs", budget_ms}}}}}});
    client_.open(kUri, "cpp", "int f(int a) {\n");
    client_.generator().answer("  compute(a, a);\n  return a;\n}\n");
    client_.run();  // what the session was told of the model
  }
  int ask(int line, int character) { return client_.request(kInline, at(kUri, line, character)); }
  std::string text_of(int id) {
    const Json result = client_.result(id);
    return result["items"].empty() ? "" : result["items"][0]["insertText"].get<std::string>();
  }

  TestClient client_;
  const std::string first_line_ = "  compute(a, a);";
  const std::string whole_ = "  compute(a, a);\n  return a;\n}";
};

TEST_F(EarlyTest, ShowsWhatIsReadyWhenTheTimeIsUpThoughNoTokenComes) {
  const int id = ask(1, 0);
  EXPECT_TRUE(client_.transport().run_task()) << "the first line is ready";
  client_.wait(std::chrono::milliseconds(249));
  EXPECT_TRUE(client_.answers(id).empty());
  client_.wait(std::chrono::milliseconds(1));
  EXPECT_EQ(text_of(id), first_line_);
  EXPECT_TRUE(client_.sent("fathom/didExtendCompletion").empty());

  client_.run();
  const auto told = client_.sent("fathom/didExtendCompletion");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], at(kUri, 1, 0));
  const int again = ask(1, 0);
  client_.run();
  EXPECT_EQ(text_of(again), whole_) << "from the cache";
  EXPECT_EQ(client_.generator().requests().size(), 1u);
}

TEST_F(EarlyTest, ShowsTheFirstPartThatIsReadyAfterTheTimeWasUp) {
  const int id = ask(1, 0);
  client_.wait(std::chrono::seconds(1));
  EXPECT_TRUE(client_.answers(id).empty());
  client_.transport().run_task();
  EXPECT_EQ(text_of(id), first_line_);
}

TEST_F(EarlyTest, GoesOnWhileTheUserTypesAlongWhatIsShown) {
  const int id = ask(1, 0);
  client_.transport().run_task();
  client_.wait(std::chrono::milliseconds(250));
  EXPECT_EQ(text_of(id), first_line_);
  client_.notify("textDocument/didChange",
                 {{"textDocument", {{"uri", kUri}, {"version", 2}}},
                  {"contentChanges", Json::array({{{"text", "int f(int a) {\n  comp"}}})}});
  const int typed = ask(1, 6);
  EXPECT_EQ(text_of(typed), "ute(a, a);");
  client_.run();
  EXPECT_EQ(client_.sent("fathom/didExtendCompletion").size(), 1u);
}

TEST_F(EarlyTest, AnswersOnceIfTheWholeSuggestionIsThereInTime) {
  const int id = ask(1, 0);
  client_.run();
  client_.wait(std::chrono::seconds(1));
  EXPECT_EQ(text_of(id), whole_);
  EXPECT_TRUE(client_.sent("fathom/didExtendCompletion").empty());
}

class NoBudget : public EarlyTest {
 protected:
  NoBudget() : EarlyTest(0) {}
};

TEST_F(NoBudget, WaitsForTheWholeSuggestion) {
  const int id = ask(1, 0);
  client_.transport().run_task();
  client_.wait(std::chrono::seconds(10));
  client_.run();
  EXPECT_EQ(text_of(id), whole_);
  EXPECT_TRUE(client_.sent("fathom/didExtendCompletion").empty());
}

TEST_F(CompletionTest, TheNewestRequestOfADocumentWins) {
  client_.generator().answer("a + b;");
  client_.generator().answer("a - b;");
  const int older = client_.request(kInline, at(kUri, 1, 9));
  const int newer = client_.request(kInline, at(kUri, 1, 9));
  EXPECT_EQ(client_.result(older), kNothing);
  client_.run();
  EXPECT_EQ(client_.result(older), kNothing);
  EXPECT_EQ(client_.result(newer)["items"].size(), 1u);
}

TEST_F(CompletionTest, RequestsOfDifferentDocumentsDoNotDisturbEachOther) {
  client_.open("file:///b.cpp", "cpp", kSource);
  client_.generator().answer("a + b;");
  client_.generator().answer("a - b;");
  const int first = client_.request(kInline, at(kUri, 1, 9));
  const int second = client_.request(kInline, at("file:///b.cpp", 1, 9));
  client_.run();
  EXPECT_EQ(client_.result(first)["items"][0]["insertText"], "a + b;");
  EXPECT_EQ(client_.result(second)["items"][0]["insertText"], "a - b;");
}

TEST_F(CompletionTest, ACancelledRequestIsAnsweredAtOnceAndOnce) {
  client_.generator().answer("a + b;");
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.notify("$/cancelRequest", {{"id", id}});
  EXPECT_EQ(client_.error(id), -32800);
  client_.run();
  client_.notify("$/cancelRequest", {{"id", id}});
  EXPECT_EQ(client_.answers(id).size(), 1u);
}

TEST_F(CompletionTest, PlacesAreThoseOfTheTextAtTheTimeOfTheRequest) {
  client_.generator().answer("a + b;");
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.notify("textDocument/didChange", {{"textDocument", {{"uri", kUri}, {"version", 2}}},
                                            {"contentChanges", Json::array({{{"text", ""}}})}});
  client_.run();
  EXPECT_EQ(client_.result(id)["items"][0]["range"]["start"],
            (Json{{"line", 1}, {"character", 9}}));
}

TEST_F(CompletionTest, KeepsWhatTheMenuHasSelected) {
  client_.open(kUri, "cpp", "int total(List s) {\n  return s.si\n}\n");
  Json params = at(kUri, 1, 13);
  params["context"] = {
      {"triggerKind", 2},
      {"selectedCompletionInfo",
       {{"range",
         Json::parse(R"({"start":{"line":1,"character":11},"end":{"line":1,"character":13}})")},
        {"text", "size"}}}};
  client_.generator().answer("ze();");
  const int extends = client_.request(kInline, params);
  client_.run();
  const Json item = client_.result(extends)["items"][0];
  EXPECT_EQ(item["insertText"], "size();");
  EXPECT_EQ(item["range"], params["context"]["selectedCompletionInfo"]["range"]);

  params["context"]["selectedCompletionInfo"]["text"] = "sibling";
  client_.generator().answer("ze();");
  const int differs = client_.request(kInline, params);
  client_.run();
  EXPECT_EQ(client_.result(differs), kNothing);
}

TEST_F(CompletionTest, AMenuEntryInsertsTheSameTextAsItIs) {
  client_.generator().answer("a + b;");
  const int id = client_.request("textDocument/completion", at(kUri, 1, 9));
  client_.run();
  const Json result = client_.result(id);
  EXPECT_EQ(result["isIncomplete"], true);
  ASSERT_EQ(result["items"].size(), 1u);
  const Json& item = result["items"][0];
  EXPECT_EQ(item["label"], "a + b;");
  EXPECT_EQ(item["insertTextMode"], 1);
  EXPECT_EQ(item["textEdit"]["newText"], "a + b;");
  EXPECT_EQ(item["textEdit"]["range"]["start"], (Json{{"line", 1}, {"character", 9}}));
  EXPECT_EQ(item["documentation"]["value"], "a + b;");
}

TEST_F(CompletionTest, AMenuHasSeveralEntriesIfAPersonOpensIt) {
  client_.open("file:///b.cpp", "cpp", kSource);
  const auto n_entries = [&](const std::string& uri, int character, int trigger) {
    for (const char* answer : {"a + b;", "a - b;", "f();"}) client_.generator().answer(answer);
    Json params = at(uri, 1, character);
    params["context"] = {{"triggerKind", trigger}};
    const int id = client_.request("textDocument/completion", params);
    client_.run();
    return client_.result(id)["items"].size();
  };
  EXPECT_EQ(n_entries(kUri, 9, 1), 3u);
  EXPECT_EQ(n_entries(kUri, 8, 1), 1u) << "while a name is typed, clients ask by themselves";
  EXPECT_EQ(n_entries("file:///b.cpp", 9, 3), 1u);
}

TEST_F(CompletionTest, AnEmptyMenuIsIncompleteToo) {
  const int id = client_.request("textDocument/completion", at(kUri, 1, 9));
  client_.run();
  EXPECT_EQ(client_.result(id), (Json{{"isIncomplete", true}, {"items", Json::array()}}));
}

TEST_F(CompletionTest, CanBeSwitchedOff) {
  client_.notify("workspace/didChangeConfiguration",
                 {{"settings", {{"fathom", {{"completion", {{"enabled", false}}}}}}}});
  client_.generator().answer("a + b;");
  EXPECT_EQ(client_.result(client_.request(kInline, at(kUri, 1, 9))), kNothing);
  client_.notify("workspace/didChangeConfiguration", {{"settings", nullptr}});
  EXPECT_EQ(client_.result(client_.request(kInline, at(kUri, 1, 9))), kNothing);
  client_.notify("workspace/didChangeConfiguration", {{"settings", {{"fathom", Json::object()}}}});
  const int id = client_.request(kInline, at(kUri, 1, 9));
  client_.run();
  EXPECT_EQ(client_.result(id)["items"].size(), 1u);
}

TEST(IsWanted, SparesTheBatteryUnlessAsked) {
  using completion::Trigger;
  completion::Config settings;
  const auto on_battery = [] { return true; };
  const auto on_mains = [] { return false; };
  EXPECT_TRUE(is_wanted(settings, "cpp", Trigger::automatic, on_battery));
  settings.suggest_on_battery = false;
  EXPECT_FALSE(is_wanted(settings, "cpp", Trigger::automatic, on_battery));
  EXPECT_TRUE(is_wanted(settings, "cpp", Trigger::invoked, on_battery));
  EXPECT_TRUE(is_wanted(settings, "cpp", Trigger::automatic, on_mains));
  settings.disabled_languages = "cpp";
  EXPECT_FALSE(is_wanted(settings, "cpp", Trigger::invoked, on_mains));
}

TEST_F(CompletionTest, AClientHasAFewAtATimeAndTheOldestGivesWay) {
  std::vector<int> ids;
  for (int i = 0; i < 9; ++i) {
    const std::string uri = "file:///" + std::to_string(i) + ".cpp";
    client_.open(uri, "cpp", kSource);
    client_.generator().answer("a + b;");
    ids.push_back(client_.request(kInline, at(uri, 1, 9)));
  }
  EXPECT_EQ(client_.result(ids[0]), kNothing);
  client_.run();
  for (size_t i = 1; i < ids.size(); ++i)
    EXPECT_EQ(client_.result(ids[i])["items"].size(), 1u) << i;
}

TEST(CompletionWithoutModel, IsEmptyUntilTheModelIsThere) {
  TestClient client(TestClient::Model::loading);
  client.initialize();
  client.open(kUri, "cpp", kSource);
  EXPECT_EQ(client.result(client.request(kInline, at(kUri, 1, 9))), kNothing);
  client.finish_loading();
  client.generator().answer("a + b;");
  const int id = client.request(kInline, at(kUri, 1, 9));
  client.run();
  EXPECT_EQ(client.result(id)["items"].size(), 1u);
}

TEST(CompletionWithoutModel, IsEmptyIfTheModelCouldNotBeLoaded) {
  TestClient client(TestClient::Model::failed);
  client.initialize();
  client.open(kUri, "cpp", kSource);
  EXPECT_EQ(client.result(client.request(kInline, at(kUri, 1, 9))), kNothing);
}

}  // namespace
}  // namespace fathom::lsp
