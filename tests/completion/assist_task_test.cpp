#include "completion/assist_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using testing::HasSubstr;

std::string block(const std::string& code) { return "Sure:\n```cpp\n" + code + "```\n"; }

std::string error_of(const Result<std::string>& result) {
  return result ? "no error: " + *result : result.error().message;
}

TEST(AssistTask, AsksWithTheDetails) {
  EXPECT_EQ(question_of(AssistTask::explain, ""), "");
  EXPECT_EQ(question_of(AssistTask::ask, "Why?"), "Why?");
  EXPECT_THAT(question_of(AssistTask::fix, "use of undeclared 'x'"),
              HasSubstr("use of undeclared 'x'"));
  for (const AssistTask task :
       {AssistTask::find_bugs, AssistTask::document, AssistTask::write_tests})
    EXPECT_NE(question_of(task, ""), "");
}

TEST(AssistTask, ReplacesTheCodeByTheBlockOfTheAnswer) {
  EXPECT_EQ(replacement_of(AssistTask::fix, "int x = y;\n", block("int x = z;\n")), "int x = z;\n");
  EXPECT_EQ(replacement_of(AssistTask::fix, "int x = y;", block("int x = z;\n")), "int x = z;");
  EXPECT_EQ(replacement_of(AssistTask::document, "int x;\r\nint y;\r\n",
                           block("/// Two.\nint x;\n\nint y;\n")),
            "/// Two.\nint x;\n\nint y;\n");
}

TEST(AssistTask, GivesTheReplacementTheIndentationThatTheCodeHas) {
  EXPECT_EQ(replacement_of(AssistTask::document, "    def f():\n        pass\n",
                           block("def f():\n    \"\"\"Does it.\"\"\"\n\n    pass\n")),
            "    def f():\n        \"\"\"Does it.\"\"\"\n\n        pass\n");
  EXPECT_EQ(replacement_of(AssistTask::fix, "\tx = 1\n", block("\t\tx = 2\n")), "\tx = 2\n");
}

TEST(AssistTask, RefusesAnAnswerThatIsNoEdit) {
  EXPECT_THAT(error_of(replacement_of(AssistTask::fix, "a\n", "I would write b.")),
              HasSubstr("no whole block"));
  EXPECT_THAT(error_of(replacement_of(AssistTask::fix, "a\n", "```\nb\n")),
              HasSubstr("no whole block"));
  EXPECT_THAT(error_of(replacement_of(AssistTask::fix, "a\r\n", block("a\n"))),
              HasSubstr("as it was"));
}

TEST(AssistTask, RefusesADocumentationThatChangesCode) {
  EXPECT_THAT(
      error_of(replacement_of(AssistTask::document, "int x;\nint y;\n", block("/// X.\nint x;\n"))),
      HasSubstr("comment only"));
  EXPECT_THAT(error_of(replacement_of(AssistTask::document, "int x;\nint y;\n",
                                      block("/// X.\nint y;\nint x;\n"))),
              HasSubstr("comment only"));
}

TEST(AssistTask, NamesFilesOfTestsAsTheirLanguagesDo) {
  EXPECT_EQ(test_file_name("a.py"), "test_a.py");
  EXPECT_EQ(test_file_name("Shape.java"), "ShapeTest.java");
  EXPECT_EQ(test_file_name("a.b.ts"), "a.b.test.ts");
  EXPECT_EQ(test_file_name("a.cpp"), "a_test.cpp");
  EXPECT_EQ(test_file_name("Makefile"), "Makefile_test");
}

}  // namespace
}  // namespace fathom::completion
