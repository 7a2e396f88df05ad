#include "lsp/history.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

std::string regions(const History& history) {
  std::string text;
  for (const History::Region& region : history.regions())
    text += fmt::format("{}:{}-{} ", region.uri, region.begin, region.end);
  return text;
}

TEST(History, RemembersRegionsLatestFirstAndMergesThoseThatMeet) {
  History history;
  history.viewed("a", 50);
  history.edited("b", {.line = 1});
  EXPECT_EQ(regions(history), "b:0-5 a:47-54 ");
  history.viewed("a", 55);
  EXPECT_EQ(regions(history), "a:47-59 b:0-5 ");
  history.viewed("a", 100);
  EXPECT_EQ(regions(history), "a:97-104 a:47-59 b:0-5 ");
}

TEST(History, FollowsEditsAbove) {
  History history;
  history.viewed("a", 50);
  history.edited("a", {.line = 10, .n_old = 1, .n_new = 4});
  EXPECT_EQ(regions(history), "a:7-17 a:50-57 ");
  history.edited("a", {.line = 0, .n_old = 6, .n_new = 1});
  EXPECT_EQ(regions(history), "a:0-12 a:45-52 ");
  history.edited("a", {.line = 40, .n_old = 20, .n_new = 1});
  EXPECT_EQ(regions(history), "a:37-44 a:0-12 ");
}

TEST(History, IsBounded) {
  History history;
  for (size_t i = 0; i < 100; ++i) history.viewed("a", i * 20);
  EXPECT_EQ(history.regions().size(), History::kMaxRegions);
  history.edited("b", {.line = 0, .n_old = 1, .n_new = 1000});
  EXPECT_EQ(history.regions().front().end, History::kMaxLines);
  for (size_t line = 0; line < 200; ++line) history.viewed("c", line);
  for (const History::Region& region : history.regions())
    EXPECT_LE(region.end - region.begin, History::kMaxLines);
  for (int i = 0; i < 200; ++i) history.opened(fmt::format("{}", i));
  EXPECT_EQ(history.documents().size(), History::kMaxFiles);
}

TEST(History, ForgetsWhatWasClosedOrReplaced) {
  History history;
  history.viewed("a", 5);
  history.viewed("b", 5);
  history.replaced("a");
  EXPECT_EQ(regions(history), "b:2-9 ");
  EXPECT_EQ(history.documents(), (std::list<std::string>{"a", "b"}));
  history.closed("b");
  EXPECT_EQ(regions(history), "");
  EXPECT_EQ(history.documents(), std::list<std::string>{"a"});
}

}  // namespace
}  // namespace fathom::lsp
