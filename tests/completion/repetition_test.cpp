#include "completion/repetition.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

void check(std::string_view text, std::string_view kept) {
  const auto length = length_before_loop(text);
  EXPECT_EQ(text.substr(0, length.value_or(text.size())), kept) << text;
}

TEST(Repetition, IsCutAfterTheFirstPiece) {
  check("x = a + b + b + b + b + b + b + b + b + b +", "x = a + b");
  check("  print(a)\n  print(a)\n  print(a)\n  print(a)\n", "  print(a)\n");
}

TEST(Repetition, IsFoundInTheMiddleOfAPiece) {
  check("f();\n  int value = 1;\n  int value = 1;\n  int value = 1;\n  int",
        "f();\n  int value = 1;");
  check("tDocumentUri, textDocumentUri, textDocumentUri, textDocumentUri, te", "tDocumentUri, ");
}

TEST(Repetition, IsNotWhatCodeRepeats) {
  for (const std::string_view text :
       {"int a[] = {0, 0, 0, 0, 0, 0};", "// ----------------------------------------",
        "    }\n  }\n}\n", "a.b(1);\na.b(2);\na.b(3);\na.b(4);\n",
        "                                        x", ""}) {
    check(text, text);
  }
}

}  // namespace
}  // namespace fathom::completion
