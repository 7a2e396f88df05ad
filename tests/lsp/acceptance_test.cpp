// What clients say of suggestions, as messages. The counting itself: suggestion_tracker_test.cpp.

#include "completion/acceptance.h"

#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

using completion::AcceptanceCounts;

constexpr const char* kUri = "file:///a.cpp";

class AcceptanceMessagesTest : public testing::Test {
 protected:
  AcceptanceMessagesTest() {
    client_.initialize();
    client_.open(kUri, "cpp", "int a = ");
  }

  /// An item as the server sent it.
  Json offer() {
    client_.generator().answer("b + c;");
    const int id = client_.request("textDocument/inlineCompletion", at(kUri, 0, 8));
    client_.run();
    const Json result = client_.result(id);
    return result["items"].empty() ? Json() : result["items"][0];
  }

  AcceptanceCounts counts() const {
    const auto all = acceptance_.counts();
    return all.contains("cpp") ? all.at("cpp") : AcceptanceCounts();
  }

  Log log_;
  completion::Acceptance acceptance_{{}, log_};
  TestClient client_{TestClient::Model::ready, nullptr, nullptr, &acceptance_};
};

TEST_F(AcceptanceMessagesTest, EachItemHasACommandThatSaysItWasAccepted) {
  const Json command = offer()["command"];
  EXPECT_EQ(command["command"], "fathom.didAccept");
  client_.notify("textDocument/didChange",
                 {{"textDocument", {{"uri", kUri}, {"version", 2}}},
                  {"contentChanges", Json::array({{{"text", "int a = b + c;"}}})}});
  const int id = client_.request("workspace/executeCommand", command);
  EXPECT_EQ(client_.result(id), nullptr);
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  EXPECT_EQ(counts(),
            (AcceptanceCounts{.offered = 1, .accepted = 1, .kept_30_s = 1, .kept_5_min = 1}));
}

TEST_F(AcceptanceMessagesTest, CopilotsNotificationsAreUnderstood) {
  const Json item = offer();
  client_.notify("textDocument/didShowCompletion", {{"item", item}});
  client_.notify("textDocument/didPartiallyAcceptCompletion",
                 {{"item", item}, {"acceptedLength", 2}});
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 1, .shown = 1, .partially_accepted = 1}));
}

TEST_F(AcceptanceMessagesTest, ItemsOfOthersAreIgnored) {
  offer();
  for (const char* item :
       {"{}", "null", "[]", R"({"command": {"command": "other", "arguments": [{"id": 1}]}})",
        R"({"command": {"command": "fathom.didAccept", "arguments": [{"id": -1}]}})",
        R"({"command": {"command": "fathom.didAccept", "arguments": []}})"})
    client_.notify("textDocument/didShowCompletion", {{"item", Json::parse(item)}});
  EXPECT_EQ(counts(), (AcceptanceCounts{.offered = 1}));
}

}  // namespace
}  // namespace fathom::lsp
