// Findings and what becomes of them while people write.

#include "lsp/review_findings.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/log.h"
#include "tests/lsp/fake_transport.h"

namespace fathom::lsp {
namespace {

constexpr const char* kUri = "file:///p/a.c";
constexpr std::string_view kText = "one\ntwo\nthree\nfour\nfive\n";

class ReviewFindingsTest : public testing::Test {
 protected:
  /// Lines 2 and 3 of five.
  static PlacedFinding finding(const std::string& fingerprint = "f", std::string fix = "") {
    PlacedFinding placed{.path = "/p/a.c",
                         .range = {.start = {.line = 2}, .end = {.line = 3, .character = 4}},
                         .text = "three\nfour",
                         .about = {.path = "a.c",
                                   .lines = {3, 4},
                                   .category = "bug",
                                   .message = "wrong",
                                   .fingerprint = fingerprint}};
    if (!fix.empty())
      placed.about.suggestion =
          completion::Suggestion{.lines = {3, 4}, .replacement = std::move(fix)};
    return placed;
  }

  Document& open(const std::string& text, const std::string& uri = kUri) {
    Document& document = documents_.open(
        Document({.uri = uri, .path = "a.c", .language = "c"}, 1, text, PositionEncoding::utf16));
    findings_.opened(document);
    return document;
  }

  void edit(Document& document, const ContentChange& change) {
    const size_t n_lines = document.n_lines();
    const TextEdit edit = documents_.apply(document, change);
    findings_.changed(document, edit, n_lines);
  }

  /// First lines of what the client was told last of a file; "none" if nothing, "gone" if empty.
  std::string told(const std::string& uri = kUri) const {
    std::string lines = "none";
    for (const Json& message : transport_.sent) {
      EXPECT_EQ(message["method"], "textDocument/publishDiagnostics");
      if (message["params"]["uri"] != uri) continue;
      lines.clear();
      for (const Json& diagnostic : message["params"]["diagnostics"]) {
        if (!lines.empty()) lines += ' ';
        lines += diagnostic["range"]["start"]["line"].dump();
      }
      if (lines.empty()) lines = "gone";
    }
    return lines;
  }

  /// Where a finding on "three\nfour" is after an edit of kText.
  std::string after(const Range& range, std::string_view text, std::string fix = "") {
    findings_.clear();
    documents_.close(kUri);
    Document& document = open(std::string(kText));
    EXPECT_TRUE(findings_.add(finding("f", std::move(fix))));
    edit(document, {.range = range, .text = std::string(text)});
    return told();
  }

  static Range at(uint32_t line, uint32_t character) {
    return {.start = {.line = line, .character = character},
            .end = {.line = line, .character = character}};
  }
  static Range from(uint32_t line, uint32_t end_line) {
    return {.start = {.line = line}, .end = {.line = end_line}};
  }

  Log log_;
  FakeTransport transport_;
  Router router_{transport_, log_, [](std::string_view) { return std::optional<Refusal>(); }};
  Documents documents_{size_t{1} << 20};
  ReviewFindings findings_{router_, documents_};
};

TEST_F(ReviewFindingsTest, ArePublishedAsTheProtocolHasIt) {
  findings_.add(finding());
  ASSERT_EQ(transport_.sent.size(), 1u);
  EXPECT_EQ(transport_.sent[0]["params"], Json::parse(R"({"uri": "file:///p/a.c", "diagnostics": [{
              "range": {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 4}},
              "severity": 2, "code": "bug", "source": "fathom", "message": "wrong",
              "data": {"fingerprint": "f"}}]})"));
}

TEST_F(ReviewFindingsTest, MoveWithEditsAboveThem) {
  EXPECT_EQ(after(at(0, 0), "new\n"), "3");
  EXPECT_EQ(after(at(1, 3), "\nnew"), "3") << "Enter at the end of the line above";
  EXPECT_EQ(after(at(2, 0), "new\n"), "3") << "a line opened above, as Neovim says it";
  EXPECT_EQ(after(at(1, 3), " more"), "2");
  EXPECT_EQ(after(from(0, 2), ""), "0") << "both lines above deleted";
  EXPECT_EQ(after(from(0, 1), ""), "1");
}

TEST_F(ReviewFindingsTest, StayWithEditsBelowThem) {
  EXPECT_EQ(after(at(4, 0), "new\n"), "2");
  EXPECT_EQ(after(at(3, 4), "\nnew"), "2") << "Enter at the end of the last line";
  EXPECT_EQ(after(from(4, 5), ""), "2");
}

TEST_F(ReviewFindingsTest, AreGoneWithAnEditOfTheirLines) {
  EXPECT_EQ(after(at(2, 1), "x"), "gone");
  EXPECT_EQ(after(at(3, 4), ";"), "gone");
  EXPECT_EQ(after(at(2, 5), "\nbetween"), "gone");
  EXPECT_EQ(after(from(2, 4), ""), "gone");
  EXPECT_EQ(after(from(0, 5), ""), "gone");
  EXPECT_EQ(after({.start = {.line = 1, .character = 3}, .end = {.line = 2}}, ""), "gone");
}

TEST_F(ReviewFindingsTest, AreGoneOnceTheirFixIsApplied) {
  EXPECT_EQ(after(from(2, 4), "3\n4\n", "3\n4\n"), "gone");
  const std::string adds = "three\nfour\nand more\n";
  EXPECT_EQ(after(at(4, 0), "and more\n", adds), "gone") << "as the smallest edit";
  EXPECT_EQ(after(from(2, 4), adds, adds), "gone") << "as all lines";
  EXPECT_EQ(after(at(4, 0), "something else\n", adds), "2");
}

TEST_F(ReviewFindingsTest, FollowADocumentThatIsReplacedAsAWhole) {
  Document& document = open(std::string(kText));
  findings_.add(finding());
  edit(document, {.range = {}, .text = "zero\n" + std::string(kText)});
  EXPECT_EQ(told(), "3");
  edit(document, {.range = {}, .text = "something else"});
  EXPECT_EQ(told(), "gone");
  edit(document, {.range = {}, .text = ""});
}

TEST_F(ReviewFindingsTest, AreToldOnlyWhenTheyChange) {
  Document& document = open(std::string(kText));
  findings_.add(finding());
  edit(document, {.range = at(0, 0), .text = "x"});
  edit(document, {.range = at(4, 0), .text = "y\n"});
  findings_.add(finding());
  findings_.keep({"f"});
  findings_.opened(document);
  EXPECT_EQ(transport_.sent.size(), 1u);
}

TEST_F(ReviewFindingsTest, AreWhereTheirLinesAreInAnOpenDocument) {
  open("unsaved\n" + std::string(kText));
  EXPECT_TRUE(findings_.add(finding()));
  EXPECT_EQ(told(), "3");
  documents_.close(kUri);
  open("one\nthree\nfour\n");
  EXPECT_EQ(told(), "1");
  documents_.close(kUri);
  open("three or four\n");
  EXPECT_EQ(told(), "gone");
  EXPECT_FALSE(findings_.add(finding()));
}

TEST_F(ReviewFindingsTest, TakeTheClientsSpellingOfAUri) {
  const std::string spelled = "file:///p/%61.c";
  findings_.add(finding());
  open(std::string(kText), spelled);
  EXPECT_EQ(told(), "gone");
  EXPECT_EQ(told(spelled), "2");
  findings_.clear();
  findings_.add(finding());
  EXPECT_EQ(told(spelled), "2") << "known from the start where the document is open";
}

TEST_F(ReviewFindingsTest, AreDismissedForGood) {
  findings_.add(finding("f"));
  findings_.add(finding("g"));
  EXPECT_EQ(told(), "2 2");
  findings_.dismiss(kUri, "f");
  EXPECT_EQ(told(), "2");
  EXPECT_TRUE(findings_.add(finding("f")));
  EXPECT_FALSE(findings_.find("f"));
  EXPECT_EQ(findings_.dismissed(), std::set<std::string>{"f"});
  findings_.dismiss("file:///nothing", "h");
}

TEST_F(ReviewFindingsTest, AreFoundByTheirLines) {
  findings_.add(finding());
  EXPECT_EQ(findings_.at(kUri, at(1, 3)).size(), 0u);
  EXPECT_EQ(findings_.at(kUri, at(2, 1)).size(), 1u);
  EXPECT_EQ(findings_.at(kUri, at(3, 9)).size(), 1u);
  EXPECT_EQ(findings_.at(kUri, at(4, 0)).size(), 0u);
  EXPECT_EQ(findings_.at(kUri, from(0, 9)).size(), 1u);
  EXPECT_EQ(findings_.at("file:///p/b.c", from(0, 9)).size(), 0u);
  findings_.keep({});
  EXPECT_EQ(told(), "gone");
}

}  // namespace
}  // namespace fathom::lsp
