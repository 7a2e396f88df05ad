#include "completion/review/fingerprint.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

std::string print(const std::string& text, int line, const std::string& category = "bug",
                  const std::string& path = "a.py") {
  const ChangedFile file(test::change_of(path, "", text), SecretFinder());
  return fingerprint_of({.path = path, .lines = {line, line}, .category = category}, file);
}

constexpr const char* kText = "def f():\n    g(1)\n    g(1)\n\ndef h():\n    g(1)\n";

TEST(Fingerprint, SurvivesShiftsAndFormatting) {
  const std::string before = print(kText, 2);
  EXPECT_EQ(before.size(), 32u);
  EXPECT_EQ(print(std::string("import os\n\n\n") + kText, 5), before);
  EXPECT_EQ(print("def f():\n        g( 1 )\n    g(1)\n", 2), before);
}

TEST(Fingerprint, TellsFindingsApart) {
  const std::string first = print(kText, 2);
  EXPECT_NE(print(kText, 3), first) << "an equal line in the same function";
  EXPECT_NE(print(kText, 6), first) << "an equal line in another function";
  EXPECT_NE(print(kText, 2, "security"), first);
  EXPECT_NE(print(kText, 2, "bug", "b.py"), first);
  EXPECT_NE(print("def f():\n    g(2)\n", 2), first);
}

TEST(Fingerprint, IsTheSameOnEveryMachine) {
  EXPECT_EQ(print("x = 1\n", 1), "889061b8a7a86d6c4ed682fe0f150e4a");
}

}  // namespace
}  // namespace fathom::completion
