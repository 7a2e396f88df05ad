#include "lsp/line_index.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

std::vector<std::string> lines_of(const std::string& text, const LineIndex& index) {
  std::vector<std::string> lines;
  for (size_t line = 0; line < index.n_lines(); ++line)
    lines.push_back(
        text.substr(index.start_of(line), index.end_of(line, text) - index.start_of(line)));
  return lines;
}

void check(const std::string& text, const std::vector<std::string>& expected) {
  EXPECT_EQ(lines_of(text, LineIndex(text)), expected);
}

TEST(LineIndex, EndsLinesAtEveryKindOfLineEnding) {
  check("", {""});
  check("a", {"a"});
  check("a\n", {"a", ""});
  check("a\r\nb\rc\nd", {"a", "b", "c", "d"});
  check("\r\r\n\n\r", {"", "", "", "", ""});
  check("\n\r\n", {"", "", ""});
}

TEST(LineIndex, FindsTheLineOfEveryByte) {
  const std::string text = "ab\r\n\nc";
  const LineIndex index(text);
  const std::vector<size_t> expected = {0, 0, 0, 0, 1, 2, 2};
  for (size_t offset = 0; offset <= text.size(); ++offset)
    EXPECT_EQ(index.line_at(offset), expected[offset]) << offset;
}

TEST(LineIndex, EditedIsTheSameAsBuiltAnew) {
  std::mt19937 random(7);
  const auto pick = [&](size_t n) { return size_t(random() % n); };
  std::string text = "first\r\nsecond\n\rthird";
  LineIndex edited(text);
  for (int i = 0; i < 20000; ++i) {
    const size_t begin = pick(text.size() + 1);
    const size_t end = begin + pick(std::min<size_t>(text.size() - begin, 5) + 1);
    std::string replacement;
    for (size_t n = pick(text.size() > 60 ? 3 : 6); n > 0; --n) replacement += "\r\nab"[pick(4)];
    text.replace(begin, end - begin, replacement);
    edited.edit(begin, end, replacement.size(), text);

    const LineIndex built(text);
    ASSERT_EQ(edited.n_lines(), built.n_lines()) << "edit " << i;
    for (size_t line = 0; line < built.n_lines(); ++line)
      ASSERT_EQ(edited.start_of(line), built.start_of(line)) << "edit " << i;
  }
}

}  // namespace
}  // namespace fathom::lsp
