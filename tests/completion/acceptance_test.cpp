#include "completion/acceptance.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

using Counts = AcceptanceCounts;

std::string text_in(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class AcceptanceTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "fathom" / "statistics.json"; }

  test::TempDir folder_;
  Log log_;
};

TEST_F(AcceptanceTest, CountsByLanguage) {
  Acceptance acceptance({}, log_);
  acceptance.add("cpp", &Counts::offered);
  acceptance.add("cpp", &Counts::offered);
  acceptance.add("python", &Counts::accepted);
  EXPECT_EQ(acceptance.counts(),
            (AcceptanceByLanguage{{"cpp", {.offered = 2}}, {"python", {.accepted = 1}}}));
}

TEST_F(AcceptanceTest, IsKeptInAFileThatSeveralProcessesShare) {
  {
    Acceptance first({.file = file()}, log_);
    Acceptance second({.file = file()}, log_);
    first.add("cpp", &Counts::accepted);
    second.add("cpp", &Counts::accepted);
    second.add("go", &Counts::kept_5_min);
  }
  EXPECT_NE(text_in(file()).find("\"kept_5_min\": 1"), std::string::npos);
  {
    Acceptance third({.file = file()}, log_);
    third.add("go", &Counts::kept_5_min);
  }
  Acceptance last({.file = file(), .delay = std::chrono::milliseconds(1)}, log_);
  last.add("rust", &Counts::shown);
  while (text_in(file()).find("rust") == std::string::npos) std::this_thread::yield();
  while (!last.counts().contains("cpp")) std::this_thread::yield();
  EXPECT_EQ(last.counts(),
            (AcceptanceByLanguage{
                {"cpp", {.accepted = 2}}, {"go", {.kept_5_min = 2}}, {"rust", {.shown = 1}}}));
}

TEST_F(AcceptanceTest, StartsAnewFromAFileThatIsNotOurs) {
  std::filesystem::create_directories(file().parent_path());
  for (const char* text : {"", "[]", "{\"languages\": 3}", "{\"languages\": {\"c\": [1]}}",
                           "{\"languages\": {\"c\": {\"offered\": -1}}}", "\xff{"}) {
    std::ofstream(file()) << text;
    { Acceptance({.file = file()}, log_).add("cpp", &Counts::shown); }
    EXPECT_NE(text_in(file()).find("\"cpp\""), std::string::npos) << text;
  }
}

TEST_F(AcceptanceTest, CountsOnWhereTheFileCannotBeWritten) {
  std::ofstream(folder_.path() / "fathom") << "a file where the folder should be";
  int warnings = 0;
  Log log(LogLevel::warning, [&](LogLevel, std::string_view) { ++warnings; });
  {
    Acceptance acceptance({.file = file()}, log);
    acceptance.add("cpp", &Counts::shown);
    EXPECT_EQ(acceptance.counts().at("cpp").shown, 1u);
  }
  EXPECT_EQ(warnings, 1);
}

}  // namespace
}  // namespace fathom::completion
