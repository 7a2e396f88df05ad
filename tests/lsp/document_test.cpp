#include "lsp/document.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

Document open(std::string text, PositionEncoding encoding = PositionEncoding::utf16) {
  return Document({.uri = "file:///a.cpp", .path = "a.cpp", .language = "cpp"}, 1, std::move(text),
                  encoding);
}

TEST(Document, MovesACharacterBehindTheLineToItsEnd) {
  const Document document = open("ab\r\ncd");
  EXPECT_EQ(document.offset_of({0, 99}), 2u);
  EXPECT_EQ(document.offset_of({1, 99}), 6u);
}

TEST(Document, HasNoOffsetForALineBehindTheLast) {
  EXPECT_EQ(open("ab\n").offset_of({1, 0}), 3u);
  EXPECT_EQ(open("ab\n").offset_of({2, 0}), std::nullopt);
}

TEST(Document, AppliesAnEditInTheClientsEncoding) {
  const std::string text = "x = \"\xF0\x9F\x98\x80\"; y\n";  // a face: 2 units of UTF-16
  struct Case {
    PositionEncoding encoding;
    uint32_t units_of_y;
  };
  for (const auto& [encoding, y] : {Case{PositionEncoding::utf8, 12},
                                    {PositionEncoding::utf16, 10},
                                    {PositionEncoding::utf32, 9}}) {
    Document document = open(text, encoding);
    document.replace({{0, y}, {0, y + 1}}, "zed");
    EXPECT_EQ(document.text(), "x = \"\xF0\x9F\x98\x80\"; zed\n") << name_of(encoding);
    EXPECT_EQ(document.position_of(document.text().find("zed")), (Position{0, y}));
  }
}

TEST(Document, DeletesUpToALineBehindTheLast) {
  // Neovim and others name the end of the text as the start of a line that does not exist.
  Document document = open("a\nb");
  document.replace({{1, 0}, {2, 0}}, "");
  EXPECT_EQ(document.text(), "a\n");
}

TEST(Document, TakesTheEndsOfARangeInEitherOrder) {
  Document document = open("abcd");
  document.replace({{0, 3}, {0, 1}}, "-");
  EXPECT_EQ(document.text(), "a-d");
}

TEST(Document, KeepsAByteOrderMarkAsOneCharacter) {
  const Document document = open("\xEF\xBB\xBFint x;");
  EXPECT_EQ(document.offset_of({0, 1}), 3u);
}

TEST(Document, SharesItsSnapshotUntilItChanges) {
  Document document = open("a");
  const auto before = document.snapshot();
  EXPECT_EQ(before, document.snapshot());
  document.replace({{0, 1}, {0, 1}}, "b");
  document.set_version(2);
  EXPECT_EQ(before->text, "a");
  EXPECT_EQ(document.snapshot()->text, "ab");
  EXPECT_EQ(document.snapshot()->version, 2);
}

TEST(Document, EditsFiveMegabytesOnOneLineInMilliseconds) {
  Document document = open(std::string(5'000'000, 'x'));
  const auto start = std::chrono::steady_clock::now();
  constexpr int kEdits = 100;
  for (uint32_t i = 0; i < kEdits; ++i)
    document.replace({{0, 4'000'000 + i}, {0, 4'000'000 + i}}, "y");
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(document.text().substr(4'000'000, 3), "yyy");
  // About 1 ms each in a release build; the limit leaves room for sanitizers on a loaded machine.
  EXPECT_LT(took.count() / kEdits, 100);
  RecordProperty("microseconds_per_edit", int(took.count() * 1000 / kEdits));
}

}  // namespace
}  // namespace fathom::lsp
