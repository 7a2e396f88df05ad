#include "completion/prompt/healing.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

/// `expected` is the line with a `|` at the cut.
void check(std::string_view expected) {
  const size_t cut = expected.find('|');
  const std::string line =
      std::string(expected.substr(0, cut)) + std::string(expected.substr(cut + 1));
  EXPECT_EQ(healed_length(line), cut) << expected;
}

TEST(Healing, TakesBackTheLastWordWithTheBlankOrMarkBeforeIt) {
  check("|retu");
  check("   | retu");
  check("return| grid_wid");
  check("grid|.wid");
  check("grid->|wid");
}

TEST(Healing, TakesBackBlanks) {
  check("|    ");
  check("return| ");
  check("|\t\t");
}

TEST(Healing, TakesBackPunctuation) {
  check("foo|(");
  check("x| =");
  check("grid|->");
}

TEST(Healing, DoesNotSplitCharacters) { check("return| na\xc3\xafve"); }

TEST(Healing, TakesBackNothingOfAnEmptyLine) { EXPECT_EQ(healed_length(""), 0u); }

TEST(Healing, LeavesWhatIsTooLongToForce) {
  const std::string word(65, 'x');
  EXPECT_EQ(healed_length(word), word.size());
  EXPECT_EQ(healed_length(std::string(10, '/')), 6u);
}

TEST(Healing, DoesNotMoveTheCutWhileAWordIsTyped) {
  const std::string line = "    return width * cell.height";
  size_t last = 0;
  for (size_t n = 0; n <= line.size(); ++n) {
    const size_t cut = healed_length(line.substr(0, n));
    EXPECT_GE(cut, last) << line.substr(0, n);
    last = cut;
  }
}

}  // namespace
}  // namespace fathom::completion
