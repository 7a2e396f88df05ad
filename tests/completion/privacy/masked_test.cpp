#include "completion/privacy/masked.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

// Made, not written: nobody who scans the sources finds a token.
const std::string kToken = "ghp_" + std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");

SnapshotPtr file(std::string path, std::string text) {
  return std::make_shared<const Snapshot>(
      Snapshot{.path = std::move(path), .text = std::move(text)});
}

TEST(Masked, KeepsEveryOffset) {
  const SnapshotPtr original = file("a.cpp", "a = \"" + kToken + "\";\n");
  const Masked masked = mask(original, SecretFinder());
  EXPECT_EQ(masked.n_secrets(), 1);
  EXPECT_EQ(masked.snapshot->text, "a = \"" + std::string(kToken.size(), '*') + "\";\n");
  EXPECT_EQ(masked.snapshot->path, "a.cpp");
}

TEST(Masked, IsTheOriginalWhereThereIsNothingToHide) {
  const SnapshotPtr original = file("a.cpp", "a = 1;\n");
  EXPECT_EQ(mask(original, SecretFinder()).snapshot, original);
}

TEST(Masked, TellsWhichPartsAreHidden) {
  const Masked masked = mask(file("a.cpp", "a = \"" + kToken + "\";\n"), SecretFinder());
  const size_t begin = 5;
  const size_t end = begin + kToken.size();
  EXPECT_TRUE(masked.hides_some_of(0, begin + 1));
  EXPECT_FALSE(masked.hides_some_of(0, begin));
  EXPECT_FALSE(masked.hides_some_of(end, end + 2));
  EXPECT_FALSE(masked.hides(begin));
  EXPECT_TRUE(masked.hides(begin + 1));
  EXPECT_TRUE(masked.hides(end)) << "who types there goes on with it";
  EXPECT_FALSE(masked.hides(end + 1));
}

TEST(Masked, LeavesOutFilesOfSecretsAndMasksTheOthers) {
  std::vector<SnapshotPtr> files = {file("a.h", "int a;\n"), file("x/.env", "B=1\n"),
                                    file("c.h", "// " + kToken + " " + kToken + "\n")};
  EXPECT_EQ(mask_files(files, SecretFinder()), 2);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0]->text, "int a;\n");
  EXPECT_EQ(files[1]->path, "c.h");
  EXPECT_EQ(files[1]->text.find("ghp_"), std::string::npos);
}

}  // namespace
}  // namespace fathom::completion
