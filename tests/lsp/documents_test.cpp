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
