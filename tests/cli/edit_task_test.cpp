// What a model is made to write when speculation is measured.

#include "editors/cli/edit_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSource =
    "int counter = 0;\n"
    "int next_counter() { return counter++; }\n"
    "void resetting() { counter = initial_value; }\n"
    "double average(double total, double number_of);\n"
    "double median_of(double values);\n"
    "double largest(double values_too);\n";

const EditTask* find(const std::vector<EditTask>& tasks, std::string_view name) {
  for (const EditTask& task : tasks) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

TEST(EditTasks, RenameWholeWordsOfTheMostFrequentName) {
  const auto tasks = edit_tasks("tokens = 1\ntokens += more_tokens\n");
  const EditTask* rename = find(tasks, "rename");
  ASSERT_NE(rename, nullptr);
  EXPECT_THAT(rename->prompt, HasSubstr("tokens += more_tokens\n"));
  EXPECT_EQ(rename->answer, "tokens_entry = 1\ntokens_entry += more_tokens\n");
}

TEST(EditTasks, GoOnWithATableOfAllNames) {
  const auto tasks = edit_tasks(kSource);
  const EditTask* table = find(tasks, "repetition");
  ASSERT_NE(table, nullptr);
  EXPECT_THAT(table->prompt, HasSubstr("{\"counter\", Kind::counter},\n"));
  EXPECT_THAT(table->answer, HasSubstr("{\"median_of\", Kind::median_of},\n"));
  EXPECT_THAT(table->answer, Not(HasSubstr("\"counter\"")));
}

TEST(EditTasks, GoOnWithTheSecondHalfOfTheFile) {
  const auto tasks = edit_tasks(kSource);
  const EditTask* code = find(tasks, "new code");
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(code->prompt + code->answer, kSource);
}

TEST(EditTasks, AreFewerForTextsThatAreTooSmall) {
  EXPECT_TRUE(edit_tasks("").empty());
  EXPECT_TRUE(edit_tasks("a b c").empty());
  EXPECT_EQ(edit_tasks("if (x) {\n}\n").size(), 1u);  // it has two lines
}

}  // namespace
}  // namespace fathom::cli
