#include "completion/repetition.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

void check(std::string_view text, std::string_view kept) {
  const auto length = length_before_loop(text);
  EXPECT_EQ(text.substr(0, length.value_or(text.size())), kept) << text;
}

TEST(Repetition, OfLinesIsCutAfterTheFirst) {
  check("  print(a)\n  print(a)\n  print(a)\n  print(a)\n", "  print(a)");
  check("if (a) {\n  if (a) {\n    if (a) {\n", "if (a) {");
  check("f();\n  int value = 1;\n  int value = 1;\n  int value = 1;\n  int",
        "f();\n  int value = 1;");
  const std::string pair =
      "  client.initialize();\n  EXPECT_EQ(client.error(client.request(1)), 0);\n";
  check(pair + pair + pair, pair);
}

TEST(Repetition, WithinALineIsCutWithTheLine) {
  check("x = a + b + b + b + b + b + b + b + b + b +", "");
  check("f();\n  g(0, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4", "f();\n");
}

TEST(Repetition, IsNotWhatCodeRepeats) {
  for (const std::string_view text :
       {"int a[] = {0, 0, 0, 0, 0, 0};", "// ----------------------------------------",
        "    }\n  }\n}\n", "break;\nbreak;\n", "a.b(1);\na.b(2);\na.b(3);\na.b(4);\n",
        "                                        x", ""}) {
    check(text, text);
  }
}

}  // namespace
}  // namespace fathom::completion
