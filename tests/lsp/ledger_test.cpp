#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///p/a.cpp";

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    client_.initialize({{"rootUri", "file:///p"}});
    client_.open(kUri, "cpp", "int add(int a, int b) {\n  return \n}\n");
  }

  int ask(const std::string& uri = kUri) {
    return client_.request("fathom/ledger", {{"textDocument", {{"uri", uri}}}});
  }

  TestClient client_;
};

TEST_F(LedgerTest, NamesThePiecesOfThePromptAndItsFigures) {
  client_.generator().answer("a + b;");
  client_.request("textDocument/inlineCompletion", at(kUri, 1, 9));
  client_.run();
  const Json ledger = client_.result(ask());
  EXPECT_EQ(ledger["version"], 1);
  EXPECT_EQ(ledger["maskedSecrets"], 0);
  EXPECT_GT(ledger["promptTokens"], 0);
  EXPECT_TRUE(ledger["stop"].is_string());
  ASSERT_FALSE(ledger["pieces"].empty());
  bool has_prefix = false;
  for (const Json& piece : ledger["pieces"]) {
    EXPECT_TRUE(piece["kind"].is_string());
    EXPECT_LE(piece["reused"], piece["tokens"]);
    if (piece["kind"] != "prefix") continue;
    has_prefix = true;
    EXPECT_EQ(piece["path"], "a.cpp");
    EXPECT_EQ(piece["lines"]["first"], 0);
    EXPECT_LE(piece["lines"]["last"], 1);
  }
  EXPECT_TRUE(has_prefix) << ledger;
}

TEST_F(LedgerTest, SaysWhyThereWasNoSuggestion) {
  client_.generator().answer("");
  client_.request("textDocument/inlineCompletion", at(kUri, 0, 2));
  client_.run();
  EXPECT_THAT(client_.result(ask())["stop"].get<std::string>(), testing::StartsWith("filtered:"));
}

TEST_F(LedgerTest, IsNullBeforeTheFirstAndAfterTheDocumentWasClosed) {
  EXPECT_EQ(client_.result(ask()), nullptr);
  EXPECT_EQ(client_.error(ask("file:///other")), -32602);
  client_.generator().answer("a + b;");
  client_.request("textDocument/inlineCompletion", at(kUri, 1, 9));
  client_.run();
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client_.open(kUri, "cpp", "int x;");
  EXPECT_EQ(client_.result(ask()), nullptr);
}

}  // namespace
}  // namespace fathom::lsp
