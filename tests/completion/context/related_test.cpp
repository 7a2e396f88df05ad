#include "completion/context/related.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

SnapshotPtr file(std::string path, std::string text) {
  return std::make_shared<Snapshot>(Snapshot{.path = std::move(path), .text = std::move(text)});
}

std::string lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "int value" + std::to_string(i) + " = 1;\n";
  return text;
}

class Related : public testing::Test {
 protected:
  std::vector<RelatedFile> gather(std::vector<SnapshotPtr> files, int max_tokens) {
    auto related = gather_related(files, generator_.tokenizer(), max_tokens);
    int n_tokens = 0;
    for (const RelatedFile& r : related) {
      n_tokens += static_cast<int>(r.tokens.size());
      EXPECT_EQ(generator_.tokenizer().decode(r.tokens), r.file->text.substr(0, r.end));
    }
    EXPECT_LE(n_tokens, max_tokens);
    return related;
  }

  test::FakeGenerator generator_;
};

TEST_F(Related, IsWholeWhereItFits) {
  const auto related = gather({file("a", "int a;\n"), file("b", "int b;")}, 100);
  ASSERT_EQ(related.size(), 2u);
  EXPECT_EQ(related[0].end, 7u);
  EXPECT_EQ(related[1].end, 6u);
}

TEST_F(Related, IsCutBetweenLines) {
  const auto related = gather({file("a", lines(500))}, 200);
  ASSERT_EQ(related.size(), 1u);
  EXPECT_GT(related[0].tokens.size(), 50u);
  EXPECT_TRUE(related[0].file->text.substr(0, related[0].end).ends_with(";\n"));
}

TEST_F(Related, GetsWhatShortFilesLeave) {
  const auto alone = gather({file("a", lines(500)), file("b", lines(500))}, 400);
  const auto behind_short = gather({file("a", "int a;\n"), file("b", lines(500))}, 400);
  ASSERT_EQ(alone.size(), 2u);
  ASSERT_EQ(behind_short.size(), 2u);
  EXPECT_GT(behind_short[1].tokens.size(), alone[1].tokens.size());
}

TEST_F(Related, IsLeftOutWhereNothingFits) {
  EXPECT_TRUE(gather({file("a", std::string(1000, 'a')), file("b", "")}, 0).empty());
  EXPECT_TRUE(gather({}, 100).empty());
}

}  // namespace
}  // namespace fathom::completion
