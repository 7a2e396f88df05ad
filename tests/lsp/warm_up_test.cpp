// Prompts that are computed before anybody asks for a completion.

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

using std::chrono::milliseconds;

constexpr const char* kUri = "file:///a.cpp";
constexpr const char* kSource = "int add(int a, int b) {\n  return \n}\n";
constexpr milliseconds kAWhile{1000};

class WarmUpTest : public testing::Test {
 protected:
  WarmUpTest() {
    client_.may_speculate = true;
    client_.initialize();
    client_.session().services().models.get(completion::Role::completion,
                                            completion::Reach::this_machine);
  }

  void change(int line, int character, const std::string& text) {
    const Json place = {{"line", line}, {"character", character}};
    client_.notify(
        "textDocument/didChange",
        {{"textDocument", {{"uri", kUri}, {"version", ++version_}}},
         {"contentChanges",
          Json::array({{{"range", {{"start", place}, {"end", place}}}, {"text", text}}})}});
  }
  void move_to(int line, int character) {
    const Json place = {{"line", line}, {"character", character}};
    client_.request("textDocument/codeAction", {{"textDocument", {{"uri", kUri}}},
                                                {"range", {{"start", place}, {"end", place}}},
                                                {"context", {{"diagnostics", Json::array()}}}});
  }
  int complete_at(int line, int character) {
    const int id = client_.request("textDocument/inlineCompletion", at(kUri, line, character));
    client_.run();
    return id;
  }
  size_t n_warm() const {
    size_t n = 0;
    for (const auto& request : client_.generator().requests())
      n += request.priority == engine::Priority::speculation && request.max_tokens == 0 ? 1 : 0;
    return n;
  }

  mutable TestClient client_;
  int version_ = 1;
};

TEST_F(WarmUpTest, ComputesThePromptOfADocumentThatWasOpened) {
  client_.open(kUri, "cpp", kSource);
  EXPECT_EQ(n_warm(), 0u) << "nothing at once";
  client_.wait(kAWhile);
  ASSERT_EQ(n_warm(), 1u);
  EXPECT_NE(client_.generator().prompt_text(0).find("int add(int a, int b)"), std::string::npos);
}

TEST_F(WarmUpTest, IsThePromptOfTheCompletionThatIsAskedForWhereTheCursorIs) {
  client_.open(kUri, "cpp", kSource);
  move_to(1, 9);
  client_.wait(kAWhile);
  ASSERT_EQ(n_warm(), 1u);
  client_.generator().answer("a + b;");
  complete_at(1, 9);
  const auto requests = client_.generator().requests();
  ASSERT_GE(requests.size(), 2u);
  EXPECT_EQ(requests[1].prompt, requests[0].prompt);
}

TEST_F(WarmUpTest, FollowsWhatWasEdited) {
  client_.open(kUri, "cpp", kSource);
  change(1, 9, "a +");
  client_.wait(kAWhile);
  ASSERT_EQ(n_warm(), 1u);
  client_.generator().answer(" b;");
  complete_at(1, 12);
  const auto requests = client_.generator().requests();
  EXPECT_EQ(requests.at(1).prompt, requests.at(0).prompt);
}

TEST_F(WarmUpTest, WaitsUntilTheCursorHasComeToRest) {
  client_.open(kUri, "cpp", kSource);
  for (int i = 0; i < 20; ++i) {
    move_to(1, i % 9);
    client_.wait(milliseconds(50));
  }
  EXPECT_EQ(n_warm(), 0u);
  client_.wait(kAWhile);
  EXPECT_EQ(n_warm(), 1u);
}

TEST_F(WarmUpTest, IsNotNeededOnceACompletionWasAskedFor) {
  client_.open(kUri, "cpp", kSource);
  change(1, 9, "a");
  client_.generator().answer(" + b;");
  complete_at(1, 10);
  client_.wait(kAWhile);
  EXPECT_EQ(n_warm(), 0u);
}

TEST_F(WarmUpTest, NeedsADocumentThatIsOpenAndShort) {
  client_.open(kUri, "cpp", std::string(100'000, '\n'));
  client_.wait(kAWhile);
  EXPECT_EQ(n_warm(), 0u) << "nobody knows where its cursor is";
  move_to(50'000, 0);
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client_.wait(kAWhile);
  EXPECT_EQ(n_warm(), 0u);
}

TEST_F(WarmUpTest, FollowsTheSettings) {
  client_.notify("workspace/didChangeConfiguration",
                 {{"settings", {{"fathom", {{"completion", {{"enabled", false}}}}}}}});
  client_.open(kUri, "cpp", kSource);
  client_.wait(kAWhile);
  EXPECT_EQ(n_warm(), 0u);
}

TEST(WarmUpWithoutModel, ComesOnceTheModelIsThere) {
  TestClient client(TestClient::Model::loading);
  client.may_speculate = true;
  client.initialize();
  client.open(kUri, "cpp", kSource);
  client.wait(kAWhile);
  EXPECT_TRUE(client.generator().requests().empty());
  client.finish_loading();
  client.wait(kAWhile);
  ASSERT_EQ(client.generator().requests().size(), 1u);
  EXPECT_EQ(client.generator().requests()[0].max_tokens, 0);
}

}  // namespace
}  // namespace fathom::lsp
