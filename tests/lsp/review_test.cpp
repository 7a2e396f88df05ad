// The command "fathom.review" on real repositories, with a scripted model.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "lsp/uri.h"
#include "tests/lsp/test_client.h"
#include "tests/support/temp_dir.h"

namespace fathom::lsp {
namespace {

namespace fs = std::filesystem;

const std::string kBefore = "int f(int a) {\n  return a;\n}\n";
const std::string kAfter = "int f(int a) {\n  if (a = 1) return 2;\n  return a;\n}\n";
const std::string kFixed = "int f(int a) {\n  if (a == 1) return 2;\n  return a;\n}\n";
// In two parts: this file holds no secret.
const std::string kSecret =
    std::string("key = \"ghp_") + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R\"\n";

class ReviewTest : public testing::Test {
 protected:
  void SetUp() override {
    git("git init -q -b main .");
    write("a.c", kBefore);
    commit();
    client_.initialize(
        {{"workspaceFolders", {{{"uri", uri_of_path(root_.string())}, {"name", "p"}}}},
         {"capabilities",
          {{"textDocument", {{"codeAction", {{"codeActionLiteralSupport", Json::object()}}}}},
           {"window", {{"workDoneProgress", true}}}}}});
  }

  void git(const std::string& commands) const {
    const std::string line =
        "cd '" + root_.string() +
        "' && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=a "
        "GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b && { " +
        commands + "; } >/dev/null 2>&1";
    ASSERT_EQ(std::system(line.c_str()), 0) << commands;  // NOLINT(concurrency-mt-unsafe)
  }
  void commit() const { git("git add -A && git commit -q -m x"); }
  void write(const std::string& path, std::string_view text) const {
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  std::string uri(const std::string& path) const { return uri_of_path((root_ / path).string()); }

  /// What the model says of the line that kAfter adds.
  void find_the_assignment() {
    client_.generator().answer("hm</think>");
    client_.generator().answer(
        R"({"findings":[{"line":2,"quote":"  if (a = 1) return 2;","message":"assigns",)"
        R"("category":"bug","severity":"error","replacement":"  if (a == 1) return 2;"}]})");
  }
  void find_nothing() {
    client_.generator().answer("hm</think>");
    client_.generator().answer(R"({"findings":[]})");
  }

  int start(const Json& argument = Json::object(), const Json& token = nullptr) {
    Json params = {{"command", "fathom.review"}, {"arguments", Json::array({argument})}};
    if (!token.is_null()) params["workDoneToken"] = token;
    return client_.request("workspace/executeCommand", params);
  }
  Json review(const Json& argument = Json::object()) {
    const int id = start(argument);
    client_.run();
    return client_.result(id);
  }
  Json run(const std::string& command, const Json& argument) {
    const int id = client_.request("workspace/executeCommand",
                                   {{"command", command}, {"arguments", Json::array({argument})}});
    return client_.result(id);
  }

  /// First lines of what the client was last told of a file; null if nothing.
  Json told(const std::string& path) const {
    Json lines;
    for (const Json& params : client_.sent("textDocument/publishDiagnostics")) {
      if (params["uri"] != uri(path)) continue;
      lines = Json::array();
      for (const Json& diagnostic : params["diagnostics"])
        lines.push_back(diagnostic["range"]["start"]["line"]);
    }
    return lines;
  }

  std::vector<Json> actions(const std::string& path, int line) {
    const Json place = {{"line", line}, {"character", 0}};
    const int id =
        client_.request("textDocument/codeAction",
                        {{"textDocument", {{"uri", uri(path)}}},
                         {"range", {{"start", place}, {"end", place}}},
                         {"context", {{"diagnostics", Json::array()}, {"only", {"quickfix"}}}}});
    return client_.result(id);
  }

  const test::TempDir dir_;
  const fs::path root_ = fs::canonical(dir_.path());
  TestClient client_;
};

TEST_F(ReviewTest, GivesWhatItFoundAndPublishesIt) {
  write("a.c", kAfter);
  find_the_assignment();
  const Json result = review();
  EXPECT_EQ(result["summary"], "1 finding in 1 changed file") << result;
  EXPECT_EQ(result["complete"], true);
  EXPECT_EQ(result["notReviewed"], Json::array());
  ASSERT_EQ(result["findings"].size(), 1u);
  Json finding = result["findings"][0];
  EXPECT_EQ(finding["fingerprint"].get<std::string>().size(), 32u);
  EXPECT_GT(finding["confidence"].get<double>(), 0.5);
  finding.erase("fingerprint");
  finding.erase("confidence");
  EXPECT_EQ(finding, (Json{{"uri", uri("a.c")},
                           {"range",
                            {{"start", {{"line", 1}, {"character", 0}}},
                             {"end", {{"line", 1}, {"character", 22}}}}},
                           {"severity", "error"},
                           {"category", "bug"},
                           {"title", "assigns"},
                           {"message", "assigns"},
                           {"hasFix", true}}));
  EXPECT_EQ(told("a.c"), Json::array({1}));
  EXPECT_TRUE(client_.sent("window/showMessage").empty());
}

TEST_F(ReviewTest, FindsSecretsByRuleAndPublishesThemBeforeTheModelHasSpoken) {
  write("a.c", kAfter);
  write("b.py", kSecret);
  git("git add -N b.py");
  find_the_assignment();
  find_nothing();
  const Json result = review();
  EXPECT_EQ(result["summary"], "2 findings in 2 changed files") << result;
  const std::vector<Json> published = client_.sent("textDocument/publishDiagnostics");
  ASSERT_EQ(published.size(), 2u) << "each once, as they are found";
  EXPECT_EQ(published[0]["uri"], uri("b.py"));
  EXPECT_EQ(published[0]["diagnostics"][0]["code"], "secret");
  EXPECT_EQ(published[0]["diagnostics"][0]["severity"], 1);
  EXPECT_EQ(published[0].dump().find("1a2B3c4D5e6F"), std::string::npos);
}

TEST_F(ReviewTest, ReviewsWhatItIsAskedTo) {
  git("git checkout -q -b topic");
  write("a.c", kAfter);
  commit();
  find_the_assignment();
  EXPECT_EQ(review({{"scope", "branch"}})["summary"], "1 finding in 1 changed file");
  find_the_assignment();
  EXPECT_EQ(review({{"scope", "branch"}, {"base", "main"}})["findings"].size(), 1u);
  EXPECT_EQ(review()["summary"], "nothing has changed");
  EXPECT_EQ(told("a.c"), Json::array()) << "a new review replaces the findings of the last one";
  EXPECT_EQ(review({{"scope", "staged"}})["summary"], "nothing has changed");
}

TEST_F(ReviewTest, PlacesFindingsOnTheFileAsItIsNow) {
  write("a.c", kAfter);
  git("git add -A");
  write("a.c", "// above\n" + kAfter);
  find_the_assignment();
  EXPECT_EQ(review({{"scope", "staged"}})["findings"][0]["range"]["start"]["line"], 2);

  write("a.c", kBefore);
  find_the_assignment();
  const Json result = review({{"scope", "staged"}});
  EXPECT_EQ(result["findings"], Json::array());
  EXPECT_EQ(result["complete"], false);
  EXPECT_EQ(result["notReviewed"][0]["path"], "a.c:2");
}

TEST_F(ReviewTest, PlacesFindingsInUnsavedText) {
  write("a.c", kAfter);
  client_.open(uri("a.c"), "c", "// unsaved\n" + kAfter);
  find_the_assignment();
  EXPECT_EQ(review()["findings"][0]["range"]["start"]["line"], 2);

  client_.open(uri("a.c"), "c", "something else");
  find_the_assignment();
  const Json result = review();
  EXPECT_EQ(result["findings"], Json::array());
  EXPECT_EQ(result["summary"], "no findings in 1 changed file; not all was reviewed");
  EXPECT_EQ(
      result["notReviewed"],
      Json::array({{{"path", "a.c:2"}, {"reason", "was edited: save it and review it again"}}}));
}

TEST_F(ReviewTest, OffersFixesThatRemoveTheirFinding) {
  write("a.c", kAfter);
  client_.open(uri("a.c"), "c", kAfter);
  find_the_assignment();
  review();
  EXPECT_TRUE(actions("a.c", 0).empty());
  const std::vector<Json> found = actions("a.c", 1);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["title"], "Apply fathom's suggestion: assigns");
  EXPECT_EQ(found[0]["kind"], "quickfix");
  EXPECT_EQ(found[0]["isPreferred"], true);
  EXPECT_EQ(found[0]["diagnostics"][0]["code"], "bug");
  const Json edit = found[0]["edit"]["changes"][uri("a.c")][0];
  EXPECT_EQ(edit["newText"], "  if (a == 1) return 2;\n");

  Document document({.uri = "", .path = "", .language = ""}, 0, kAfter, PositionEncoding::utf16);
  document.replace({.start = {.line = edit["range"]["start"]["line"]},
                    .end = {.line = edit["range"]["end"]["line"]}},
                   edit["newText"].get<std::string>());
  EXPECT_EQ(document.text(), kFixed);
  client_.notify("textDocument/didChange",
                 {{"textDocument", {{"uri", uri("a.c")}, {"version", 2}}},
                  {"contentChanges", {{{"range", edit["range"]}, {"text", edit["newText"]}}}}});
  EXPECT_EQ(told("a.c"), Json::array());
  EXPECT_TRUE(actions("a.c", 1).empty());
}

TEST_F(ReviewTest, FixesALastLineWithoutItsEnd) {
  write("a.c", "int a;\nint b = a = 1;");
  client_.open(uri("a.c"), "c", "int a;\nint b = a = 1;");
  client_.generator().answer("hm</think>");
  client_.generator().answer(
      R"({"findings":[{"line":2,"quote":"int b = a = 1;","message":"m","category":"bug",)"
      R"("severity":"note","replacement":"int b = 1;"}]})");
  review();
  const std::vector<Json> found = actions("a.c", 1);
  ASSERT_EQ(found.size(), 2u);
  const Json edit = found[0]["edit"]["changes"][uri("a.c")][0];
  EXPECT_EQ(edit["newText"], "int b = 1;");
  EXPECT_EQ(edit["range"]["end"], (Json{{"line", 1}, {"character", 14}}));
}

TEST_F(ReviewTest, ForgetsWhatIsDismissed) {
  write("b.py", kSecret);
  git("git add -N b.py");
  client_.open(uri("b.py"), "python", kSecret);
  find_nothing();
  review();
  const std::vector<Json> found = actions("b.py", 0);
  ASSERT_EQ(found.size(), 1u) << "a secret has no suggestion";
  EXPECT_EQ(found[0]["title"], "Dismiss this finding");
  EXPECT_EQ(found[0]["command"]["command"], "fathom.dismissFinding");
  run("fathom.dismissFinding", found[0]["command"]["arguments"][0]);
  EXPECT_EQ(told("b.py"), Json::array());
  find_nothing();
  EXPECT_EQ(review()["findings"], Json::array());
  EXPECT_EQ(told("b.py"), Json::array());
}

TEST_F(ReviewTest, TakesAllFindingsAway) {
  write("a.c", kAfter);
  find_the_assignment();
  review();
  EXPECT_TRUE(run("fathom.clearReview", Json::object()).is_null());
  EXPECT_EQ(told("a.c"), Json::array());
}

TEST_F(ReviewTest, ReportsHowFarItIs) {
  write("a.c", kAfter);
  find_the_assignment();
  start(Json::object(), "token");
  client_.run();
  const std::vector<Json> progress = client_.sent("$/progress");
  ASSERT_EQ(progress.size(), 3u);
  EXPECT_EQ(progress[0], (Json{{"token", "token"},
                               {"value",
                                {{"kind", "begin"},
                                 {"title", "fathom: reviewing changes"},
                                 {"cancellable", true},
                                 {"percentage", 0}}}}));
  EXPECT_EQ(progress[1]["value"],
            (Json{{"kind", "report"}, {"message", "0 of 1 parts"}, {"percentage", 0}}));
  EXPECT_EQ(progress[2]["value"], (Json{{"kind", "end"}}));
}

TEST_F(ReviewTest, AsksForATokenAndShowsTheOutcomeOnDemand) {
  find_nothing();
  const int id = start({{"show", true}});
  client_.respond("window/workDoneProgress/create", nullptr);
  client_.run();
  EXPECT_EQ(client_.result(id)["summary"], "nothing has changed");
  EXPECT_EQ(client_.sent("$/progress").size(), 2u);
  ASSERT_EQ(client_.sent("window/showMessage").size(), 1u);
  EXPECT_EQ(client_.sent("window/showMessage")[0]["message"], "fathom: nothing has changed");

  client_.request("workspace/executeCommand", {{"command", "fathom.review"}});
  client_.run();
  EXPECT_EQ(client_.sent("window/showMessage").size(), 2u) << "who sends no argument sees it too";
}

TEST_F(ReviewTest, EndsWhenANewerOneIsAskedForOrNobodyWaits) {
  write("a.c", kAfter);
  const int first = start(Json::object(), 1);
  const int second = start(Json::object(), 2);
  EXPECT_EQ(client_.error(first), -32800);
  client_.notify("window/workDoneProgress/cancel", {{"token", 2}});
  EXPECT_EQ(client_.error(second), -32800);
  const int third = start(Json::object(), 3);
  client_.notify("$/cancelRequest", {{"id", third}});
  client_.run();
  for (const int id : {first, second, third}) EXPECT_EQ(client_.answers(id).size(), 1u);
  EXPECT_EQ(client_.sent("$/progress").size(), 6u) << "three begins, three ends";
  EXPECT_TRUE(client_.generator().requests().empty());
  find_the_assignment();
  EXPECT_EQ(review()["findings"].size(), 1u);
}

TEST_F(ReviewTest, SaysInOneMessageWhatIsInTheWay) {
  const auto message = [this](const Json& argument) {
    const int id = start(argument);
    client_.run();
    EXPECT_EQ(client_.error(id), -32803);
    return client_.answers(id)[0]["error"]["message"].get<std::string>();
  };
  EXPECT_NE(message({{"scope", "branch"}, {"base", "gone"}}).find("'gone' is not a revision"),
            std::string::npos);
  const test::TempDir empty;
  EXPECT_NE(message({{"uri", uri_of_path(empty.path().string())}}).find("no git repository"),
            std::string::npos);
  EXPECT_NE(message({{"uri", "untitled:1"}}).find("no folder to review"), std::string::npos);
  EXPECT_TRUE(client_.sent("window/showMessage").empty());
  fs::remove_all(root_ / ".git");
  EXPECT_NE(message({{"show", true}}).find("no git repository"), std::string::npos);
  ASSERT_EQ(client_.sent("window/showMessage").size(), 1u);
  EXPECT_EQ(client_.sent("window/showMessage")[0]["type"], 1);
}

TEST_F(ReviewTest, RefusesArgumentsThatMeanNothing) {
  for (const Json& wrong : {Json{{"scope", "all"}}, Json{{"uri", 1}}, Json(3)})
    EXPECT_EQ(client_.error(start(wrong)), -32602) << wrong;
  const int id =
      client_.request("workspace/executeCommand", {{"command", "fathom.dismissFinding"}});
  EXPECT_EQ(client_.error(id), -32602);
}

TEST_F(ReviewTest, NamesFilesAsTheClientDoes) {
  const test::TempDir other;
  const fs::path link = fs::canonical(other.path()) / "by way of a link";
  fs::create_directory_symlink(root_, link);
  write("a.c", kAfter);
  find_the_assignment();
  const Json result = review({{"uri", uri_of_path((link / "a.c").string())}});
  EXPECT_EQ(result["findings"][0]["uri"], uri_of_path((link / "a.c").string()));
}

TEST(Review, SaysThatTheModelCannotBeLoaded) {
  TestClient client(TestClient::Model::failed);
  client.initialize();
  const int id = client.request("workspace/executeCommand", {{"command", "fathom.review"}});
  client.run();
  EXPECT_EQ(client.error(id), -32803);
  EXPECT_EQ(client.answers(id)[0]["error"]["message"],
            "the model could not be loaded: model.gguf: truncated");
}

}  // namespace
}  // namespace fathom::lsp
