#include "completion/review/suppression.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"

namespace fathom::completion {
namespace {

/// Whether a bug on line 2 of the text is allowed.
bool allows(const std::string& text) {
  const ChangedFile file(test::change_of("a.c", "", text), SecretFinder());
  return is_allowed_inline(file, {.path = "a.c", .lines = {2, 2}, .category = "bug"});
}

TEST(Suppression, IsAWordOnTheLineOrAboveIt) {
  EXPECT_TRUE(allows("a();\nb();  // fathom:allow\nc();\n"));
  EXPECT_TRUE(allows("// fathom:allow, it is meant\nb();\n"));
  EXPECT_FALSE(allows("a();\nb();\nc();  // fathom:allow\n"));
  EXPECT_FALSE(allows("a();\nb();  // fathom:allowed\n"));
  EXPECT_FALSE(allows("a();\nb();  // fathom: allow\n"));
}

TEST(Suppression, MayNameCategories) {
  EXPECT_TRUE(allows("a();\nb();  // fathom:allow(bug)\n"));
  EXPECT_TRUE(allows("a();\nb();  // fathom:allow(secret, bug)\n"));
  EXPECT_FALSE(allows("a();\nb();  // fathom:allow(secret)\n"));
  EXPECT_FALSE(allows("a();\nb();  // fathom:allow()\n"));
  EXPECT_TRUE(allows("a();\nb();  // fathom:allow(secret) fathom:allow(bug)\n"));
  EXPECT_FALSE(allows("a();\nb();  // fathom:allow(secret\n"));
}

}  // namespace
}  // namespace fathom::completion
