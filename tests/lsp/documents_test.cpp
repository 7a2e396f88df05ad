// didOpen, didChange, didClose and the workspace, seen through what the model is shown.

#include <gtest/gtest.h>

#include "lsp/framing.h"
#include "tests/lsp/test_client.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///p/src/a.py";

Json change(const Json& changes) {
  return {{"textDocument", {{"uri", kUri}, {"version", 2}}}, {"contentChanges", changes}};
}

Json range(int line, int begin, int end) {
  return {{"start", {{"line", line}, {"character", begin}}},
          {"end", {{"line", line}, {"character", end}}}};
}

class DocumentsTest : public testing::Test {
 protected:
  DocumentsTest() { client_.initialize({{"rootUri", "file:///p"}}); }

  std::string text() { return std::string(client_.session().documents().find(kUri)->text()); }

  TestClient client_;
};

TEST_F(DocumentsTest, AppliesTheChangesOfOneMessageInTheirOrder) {
  client_.open(kUri, "python", "one\ntwo\n");
  client_.notify("textDocument/didChange", change({{{"range", range(0, 0, 3)}, {"text", "1\n1.5"}},
                                                   {{"range", range(2, 0, 3)}, {"text", "2"}}}));
  EXPECT_EQ(text(), "1\n1.5\n2\n");
  EXPECT_EQ(client_.session().documents().find(kUri)->version(), 2);
}

TEST_F(DocumentsTest, ReplacesTheWholeTextWithoutARange) {
  client_.open(kUri, "python", "one");
  client_.notify("textDocument/didChange", change(Json::array({{{"text", "two"}}})));
  EXPECT_EQ(text(), "two");
}

TEST_F(DocumentsTest, IgnoresChangesThatMakeNoSense) {
  client_.notify("textDocument/didChange", change(Json::array({{{"text", "two"}}})));
  EXPECT_EQ(client_.session().documents().size(), 0u);
  client_.open(kUri, "python", "one");
  client_.notify("textDocument/didChange", change(Json::array({{{"text", 2}}})));
  client_.notify("textDocument/didChange", change(Json::array({{{"range", 5}, {"text", ""}}})));
  client_.notify("textDocument/didChange", {{"textDocument", {{"uri", kUri}}}});
  EXPECT_EQ(text(), "one");
}

TEST_F(DocumentsTest, ForgetsAClosedDocument) {
  client_.open(kUri, "python", "one");
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  EXPECT_EQ(client_.error(client_.request("textDocument/inlineCompletion", at(kUri, 0, 0))),
            -32602);
}

TEST_F(DocumentsTest, AnswersWhatIsInFlightInAClosedDocumentWithNothing) {
  client_.open(kUri, "python", "def f(");
  client_.generator().answer("x):");
  const int id = client_.request("textDocument/inlineCompletion", at(kUri, 0, 6));
  client_.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  EXPECT_EQ(client_.result(id), (Json{{"items", Json::array()}}));
  client_.run();
  EXPECT_EQ(client_.answers(id).size(), 1u);
}

TEST_F(DocumentsTest, TakesBytesThatAreNotUtf8WithoutLosingColumns) {
  const std::string open =
      R"({"method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///p/src/a.py",)"
      "\"text\":\"s = '\xE4\xF6'\"}}}";
  client_.session().on_bytes(frame(open));
  client_.notify("textDocument/didChange",
                 change(Json::array({{{"range", range(0, 8, 8)}, {"text", "  # Latin-1"}}})));
  EXPECT_EQ(text(),
            "s = '?"
            "?'  # Latin-1");
}

TEST(Documents, AreTooLargeTogetherWhereverTheyGrow) {
  Documents documents(10'000);
  const auto text = [](size_t n_bytes) {
    return Document({.uri = "file:///" + std::to_string(n_bytes)}, 1, std::string(n_bytes, 'x'),
                    PositionEncoding::utf8);
  };
  documents.open(text(4000));
  Document& small = documents.open(text(100));
  EXPECT_FALSE(documents.are_too_large());
  documents.apply(small, {.range = {}, .text = std::string(6000, 'y')});
  EXPECT_TRUE(documents.are_too_large());
  documents.apply(small, {.range = {}, .text = "y"});
  EXPECT_FALSE(documents.are_too_large());
  documents.open(text(4000));  // again: the first one goes
  EXPECT_FALSE(documents.are_too_large());
  documents.open(text(3000));
  EXPECT_TRUE(documents.are_too_large());
  documents.close("file:///4000");
  EXPECT_FALSE(documents.are_too_large());
}

TEST(Documents, AreTooLargeIfThereAreTooManyOfThem) {
  Documents documents(100'000);
  for (int i = 0; i < 200; ++i)
    documents.open(Document({.uri = std::to_string(i)}, 1, "", PositionEncoding::utf8));
  EXPECT_TRUE(documents.are_too_large());
}

TEST(DocumentsOfAClient, AreLeftOutWhereThereIsNoRoom) {
  TestClient client(TestClient::Model::ready, nullptr, nullptr, nullptr,
                    {.max_document_bytes = size_t{1} << 20});
  client.initialize({{"rootUri", "file:///p"}});
  client.open("file:///p/small.py", "python", "one");
  client.open(kUri, "python", std::string(2 << 20, 'x'));
  ASSERT_EQ(client.sent("window/showMessage").size(), 1u);
  EXPECT_EQ(client.sent("window/showMessage")[0]["message"],
            "fathom: src/a.py is left out: the open documents take more than 1 MB together. Close "
            "some and open it again.");
  EXPECT_EQ(client.error(client.request("textDocument/inlineCompletion", at(kUri, 0, 0))), -32602);
  client.notify("textDocument/didChange", change(Json::array({{{"text", "two"}}})));
  client.notify("textDocument/didClose", {{"textDocument", {{"uri", kUri}}}});
  client.generator().answer("two");
  const int id = client.request("textDocument/inlineCompletion", at("file:///p/small.py", 0, 3));
  client.run();
  EXPECT_EQ(client.error(id), 0);
  EXPECT_EQ(client.sent("window/showMessage").size(), 1u);
  client.open(kUri, "python", "one");
  client.notify("textDocument/didChange",
                change(Json::array({{{"text", std::string(2 << 20, 'x')}}})));
  EXPECT_EQ(client.sent("window/showMessage").size(), 2u);
  EXPECT_EQ(client.session().documents().size(), 1u);
}

TEST_F(DocumentsTest, NamesADocumentRelativeToItsFolder) {
  client_.open(kUri, "python", "");
  EXPECT_EQ(client_.session().documents().find(kUri)->path(), "src/a.py");
  client_.notify("workspace/didChangeWorkspaceFolders",
                 {{"event",
                   {{"added", Json::array({{{"uri", "file:///q"}, {"name", "q"}}})},
                    {"removed", Json::array({{{"uri", "file:///p"}, {"name", "p"}}})}}}});
  client_.open(kUri, "python", "");
  EXPECT_EQ(client_.session().documents().find(kUri)->path(), "a.py");
  client_.open("file:///q/lib/b.py", "python", "");
  EXPECT_EQ(client_.session().documents().find("file:///q/lib/b.py")->path(), "lib/b.py");
}

}  // namespace
}  // namespace fathom::lsp
