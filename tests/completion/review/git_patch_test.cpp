#include "completion/review/git_patch.h"

#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

void check_round_trip(std::string_view path, std::string_view before, std::string_view after) {
  const std::string patch = make_patch(path, before, after);
  const Result<std::string> applied = apply_patch(path, before, patch);
  ASSERT_TRUE(applied) << applied.error().message << patch;
  EXPECT_EQ(*applied, after) << patch;
}

TEST(GitPatch, ChangesWhatItWasMadeOf) {
  check_round_trip("a.c", "1\n2\n3\n", "1\ntwo\n3\n");
  check_round_trip("src/with space.c", "1\r\n2\r\n", "1\r\n2\r\n3\r\n");
  check_round_trip("d/\xc3\xa4\t\"q\".c", "1\n", "2\n");
  check_round_trip("latin-\xe4.c", "gr\xfc\xdf\n", "gr\xfc\xdf \xe4\n");
  check_round_trip("no-newline", "a\nb", "a\nc");
  check_round_trip("no-newline", "a\nb\n", "a\nb");
  check_round_trip("first", "", "a\n");
}

TEST(GitPatch, IsEmptyWhereNothingChanges) { EXPECT_EQ(make_patch("a", "1\n", "1\n"), ""); }

TEST(GitPatch, DoesNotApplyToAnotherText) {
  const std::string patch = make_patch("a", "1\n2\n3\n", "1\ntwo\n3\n");
  EXPECT_FALSE(apply_patch("a", "1\nzwei\n3\n", patch));
  EXPECT_FALSE(apply_patch("b", "1\n2\n3\n", patch)) << "another file";
  EXPECT_FALSE(apply_patch("a", "1\n2\n3\n", "no patch"));
}

}  // namespace
}  // namespace fathom::completion
