#include "completion/review/diff_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using Status = FileDiff::Status;

/// What was read, a line for each file, hunk and line: "1:1 context", "2:0 removed", "0:2 added".
std::string shown(std::string_view text) {
  const Result<std::vector<FileDiff>> files = parse_diff(text);
  if (!files) return "error: " + files.error().message;
  static constexpr const char* kStatus[] = {"modified", "added",  "deleted",
                                            "renamed",  "copied", "mode_changed"};
  std::string result;
  for (const FileDiff& file : *files) {
    result += std::string(kStatus[static_cast<int>(file.status)]) + " [" + file.old_path + "] [" +
              file.new_path + "]" + (file.is_binary ? " binary" : "") + "\n";
    for (const Hunk& hunk : file.hunks) {
      result += fmt::format("@ {},{} {},{} [{}]\n", hunk.old_begin, hunk.old_count, hunk.new_begin,
                            hunk.new_count, hunk.section);
      for (const DiffLine& line : hunk.lines) {
        static constexpr char kSigns[] = {' ', '+', '-'};
        result += fmt::format("{}:{} {}{}{}\n", line.old_line, line.new_line,
                              kSigns[static_cast<int>(line.kind)], line.text,
                              line.has_newline ? "" : " (no newline)");
      }
    }
  }
  return result;
}

void check(std::string_view text, std::string_view expected) { EXPECT_EQ(shown(text), expected); }

void check_error(std::string_view text, std::string_view part) {
  const Result<std::vector<FileDiff>> files = parse_diff(text);
  ASSERT_FALSE(files) << text;
  EXPECT_NE(files.error().message.find(part), std::string::npos) << files.error().message;
}

TEST(DiffParser, NumbersTheLinesOfBothSides) {
  check(
      "diff --git a/src/a.cpp b/src/a.cpp\nindex 1..2 100644\n--- a/src/a.cpp\n+++ b/src/a.cpp\n"
      "@@ -3,3 +3,4 @@ int f() {\n one\n-two\n+2\n+2.5\n three\n@@ -10 +11,0 @@\n-gone\n",
      "modified [src/a.cpp] [src/a.cpp]\n@ 3,3 3,4 [int f() {]\n3:3  one\n4:0 -two\n0:4 +2\n"
      "0:5 +2.5\n5:6  three\n@ 10,1 11,0 []\n10:0 -gone\n");
}

TEST(DiffParser, ReadsWhatGitSaysOfFiles) {
  check(
      "diff --git a/new b/new\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/new\n"
      "@@ -0,0 +1 @@\n+x\n"
      "diff --git a/old b/old\ndeleted file mode 100644\nindex 1..0\n--- a/old\n+++ /dev/null\n"
      "@@ -1 +0,0 @@\n-x\n"
      "diff --git a/from me b/to me\nsimilarity index 90%\nrename from from me\nrename to to me\n"
      "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
      "diff --git a/p.png b/p.png\nindex 1..2 100644\nBinary files a/p.png and b/p.png differ\n"
      "diff --git a/c b/d\ncopy from c\ncopy to d\n",
      "added [] [new]\n@ 0,0 1,1 []\n0:1 +x\ndeleted [old] []\n@ 1,1 0,0 []\n1:0 -x\n"
      "renamed [from me] [to me]\nmode_changed [run] [run]\nmodified [p.png] [p.png] binary\n"
      "copied [c] [d]\n");
}

TEST(DiffParser, ReadsEveryWayOfWritingPaths) {
  const std::string hunk = "@@ -1 +1 @@\n-a\n+b\n";
  const std::string shown_hunk = "@ 1,1 1,1 []\n1:0 -a\n0:1 +b\n";
  check("--- x.c\t2020-01-01 00:00:00 +0000\n+++ x.c\t2021-01-01 00:00:00 +0000\n" + hunk,
        "modified [x.c] [x.c]\n" + shown_hunk);
  check("diff --git a/src/a.c b/src/a.c\n--- a/src/a.c\n+++ b/src/a.c\n" + hunk,
        "modified [src/a.c] [src/a.c]\n" + shown_hunk);
  check("diff --git a/a.c a/a.c\n--- a/a.c\n+++ a/a.c\n" + hunk,  // diff.noprefix
        "modified [a/a.c] [a/a.c]\n" + shown_hunk);
  check("diff --git i/a.c w/a.c\n--- i/a.c\n+++ w/a.c\n" + hunk,  // diff.mnemonicPrefix
        "modified [a.c] [a.c]\n" + shown_hunk);
  check(
      "diff --git \"a/\\303\\244 \\\"q\\\"\\t.c\" \"b/\\303\\244 \\\"q\\\"\\t.c\"\n"
      "--- \"a/\\303\\244 \\\"q\\\"\\t.c\"\n+++ \"b/\\303\\244 \\\"q\\\"\\t.c\"\n" +
          hunk,
      "modified [\xc3\xa4 \"q\"\t.c] [\xc3\xa4 \"q\"\t.c]\n" + shown_hunk);
  check("diff --git a/with space b/with space\n--- a/with space\t\n+++ b/with space\t\n" + hunk,
        "modified [with space] [with space]\n" + shown_hunk);
}

TEST(DiffParser, TakesAHunkAsLongAsItsHeaderSays) {
  check(
      "--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n--- a/y\n-@@ -1 +1 @@\n+++ b/y\n+diff --git a/z b/z\n"
      " \n same\n",
      "modified [x] [x]\n@ 1,4 1,4 []\n1:0 --- a/y\n2:0 -@@ -1 +1 @@\n0:1 +++ b/y\n"
      "0:2 +diff --git a/z b/z\n3:3  \n4:4  same\n");
}

TEST(DiffParser, ReadsLineEndsAndLinesWithoutOne) {
  check("--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n",
        "modified [x] [x]\n@ 1,1 1,1 []\n1:0 -a\n0:1 +b\n");
  check(
      "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
      "\\ No newline at end of file\n",
      "modified [x] [x]\n@ 1,1 1,1 []\n1:0 -a (no newline)\n0:1 +b (no newline)\n");
  check("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c",  // blanks stripped by a mail program
        "modified [x] [x]\n@ 1,3 1,3 []\n1:1  a\n2:2  \n3:0 -b\n0:3 +c\n");
}

TEST(DiffParser, PassesOverWhatIsNoDiff) {
  check("", "");
  check("From: me\nSubject: --- a/x\n\n---\n x | 2 +-\n", "");
  check("--- a line\nthat looks like one\n", "");
  check("mail\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39\n",
        "modified [x] [x]\n@ 1,1 1,1 []\n1:0 -a\n0:1 +b\n");
}

TEST(DiffParser, RefusesWhatItCannotNumber) {
  check_error("diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n", "merge");
  check_error("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n", "shorter than its header");
  check_error("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\nnonsense\n", "line 5");
  check_error("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n b\n c\n", "other lines");
  check_error("--- a/x\n+++ b/x\n@@ -1 +99999999999 @@\n a\n", "header of a hunk");
  check_error("--- a/x\n+++ b/x\n@@ -5 +5 @@\n a\n@@ -2 +2 @@\n b\n", "before the one above");
}

TEST(DiffParser, RefusesPathsThatLeaveTheRepository) {
  for (const std::string path : {"../x", "a/../../x", "/etc/passwd", ".git/hooks/pre-commit",
                                 "sub/.GIT/config", "a//b", "./x"}) {
    check_error("diff --git a/" + path + " b/" + path + "\n--- a/" + path + "\n+++ b/" + path +
                    "\n@@ -1 +1 @@\n-a\n+b\n",
                "not a path inside");
  }
  check_error("--- a/x\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "not a path inside");
  check_error("diff --git a/x b/x\nrename from x\nrename to ../y\n", "not a path inside");
  check_error("diff --git \"a/x\\000y\" \"b/x\\000y\"\nold mode 100644\nnew mode 100755\n",
              "not a path inside");
}

TEST(DiffParser, SaysWhetherATextHasTheNewSide) {
  const auto files = parse_diff("--- a/x\n+++ b/x\n@@ -2,2 +2,3 @@\n b\n+new\n c\n");
  ASSERT_TRUE(files);
  EXPECT_TRUE(fits_new_side(files->front(), "a\nb\nnew\nc\nd\n"));
  EXPECT_TRUE(fits_new_side(files->front(), "a\r\nb\r\nnew\r\nc"));
  EXPECT_FALSE(fits_new_side(files->front(), "b\nnew\nc\n"));
  EXPECT_FALSE(fits_new_side(files->front(), "a\nb\nnew\n"));
  EXPECT_FALSE(fits_new_side(files->front(), ""));
}

TEST(DiffParser, ReadsEnormousLinesAndDiffsInOneGo) {
  const std::string line(5 << 20, 'x');
  std::string text = "--- a/x\n+++ b/x\n@@ -0,0 +1,100001 @@\n+" + line + "\n";
  for (int i = 0; i < 100000; ++i) text += "+y\n";
  const auto files = parse_diff(text);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->front().hunks.front().lines.front().text, line);
  EXPECT_EQ(files->front().hunks.front().lines.back().new_line, 100001);
}

}  // namespace
}  // namespace fathom::completion
