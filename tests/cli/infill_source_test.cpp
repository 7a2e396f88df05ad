#include "editors/cli/infill_source.h"

#include <fstream>
#include <set>

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSource =
    "int add(int a, int b) {\n  return a + b;\n}\n\nint twice(int a) {\n  return add(a, a);\n}\n";

/// The holes of one kind in kSource, as "before|middle" on the line of the hole.
std::set<std::string> holes(std::string_view kind) {
  std::set<std::string> found;
  for (const InfillTask& task : infill_tasks_of("a.cpp", kSource, 50)) {
    EXPECT_EQ(task.prefix + task.middle + task.suffix, kSource);
    EXPECT_EQ(task.language, "cpp");
    if (task.kind != kind) continue;
    found.insert(task.prefix.substr(task.prefix.rfind('\n') + 1) + "|" + task.middle);
  }
  return found;
}

TEST(InfillSource, MakesTheHolesThatPeopleTypeInto) {
  EXPECT_TRUE(holes("line").contains("  |return a + b;"));
  EXPECT_TRUE(holes("rest").contains("  return |add(a, a);"));
  EXPECT_EQ(holes("args"), std::set<std::string>({"  return add(|a, a"}));
  EXPECT_TRUE(holes("block").contains("int twice(int a) {|\n  return add(a, a);"));
}

TEST(InfillSource, MakesTheSameHolesEachTime) {
  const auto once = infill_tasks_of("a.cpp", kSource, 2);
  const auto again = infill_tasks_of("a.cpp", kSource, 2);
  ASSERT_EQ(once.size(), again.size());
  EXPECT_EQ(once.size(), 7U) << "two of each kind, and the one between brackets";
  for (size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].prefix, again[i].prefix);
}

TEST(InfillSource, LeavesOutWhatDoesNotParse) {
  EXPECT_TRUE(infill_tasks_of("a.cpp", "int f( {\n  return 1;\n", 2).empty());
  EXPECT_TRUE(infill_tasks_of("a.unknown", kSource, 2).empty());
  EXPECT_TRUE(infill_tasks_of("a.cpp", "", 2).empty());
}

TEST(InfillSource, ReadsAFolderInTheOrderOfItsPaths) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("fathom-holes-{}", getpid());
  fs::create_directories(folder / "b");
  fs::create_directories(folder / ".hidden");
  for (const char* file : {"b/x.cpp", "a.cpp", ".hidden/y.cpp", "notes.txt"})
    std::ofstream(folder / file) << kSource;
  const auto tasks = make_infill_tasks(folder, 1);
  ASSERT_TRUE(tasks) << tasks.error().message;
  ASSERT_EQ(tasks->size(), 8U);
  EXPECT_EQ(tasks->front().path, "a.cpp");
  EXPECT_EQ(tasks->back().path, "b/x.cpp");
  fs::remove_all(folder);
  EXPECT_EQ(make_infill_tasks(folder, 1).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace fathom::cli
