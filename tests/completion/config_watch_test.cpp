#include "completion/config_watch.h"

#include <fstream>
#include <future>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

/// A project folder of its own that ends the search for .fathom.toml.
class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() {
    project_ = fs::path(testing::TempDir()) /
               testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(project_);
    fs::create_directories(project_ / ".git");
  }
  ~ConfigWatchTest() override { fs::remove_all(project_); }

  void write(const std::string& text) { std::ofstream(project_ / ".fathom.toml") << text; }

  fs::path project_;
};

TEST_F(ConfigWatchTest, TellsWhatThereIsAndThenEveryChange) {
  ConfigWatch watch(std::chrono::milliseconds(0));
  std::vector<int> seen;
  watch.watch(project_, [&](const EffectiveConfig& config) {
    seen.push_back(config.values.max_completion_tokens);
  });
  EXPECT_TRUE(seen.empty());
  watch.poll();
  watch.poll();
  EXPECT_EQ(seen, (std::vector<int>{0}));
  write("[completion]\nmax_tokens = 7\n");
  watch.poll();
  watch.poll();
  EXPECT_EQ(seen, (std::vector<int>{0, 7}));
  write("[completion]\nmax_tokens = 123\n");
  watch.poll();
  EXPECT_EQ(seen, (std::vector<int>{0, 7, 123}));
  fs::remove(project_ / ".fathom.toml");
  watch.poll();
  EXPECT_EQ(seen, (std::vector<int>{0, 7, 123, 0}));
}

TEST_F(ConfigWatchTest, TellsWhatIsWrongInAFileWithItsLine) {
  write("[completion]\nmax_tokens = \"many\"\n");
  ConfigWatch watch(std::chrono::milliseconds(0));
  std::vector<std::string> problems;
  watch.watch(project_, [&](const EffectiveConfig& config) { problems = config.problems; });
  watch.poll();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find(".fathom.toml:2: completion.max_tokens"), std::string::npos);
}

TEST_F(ConfigWatchTest, IsSilentTowardsThoseWhoDoNotWantToKnowAnyMore) {
  ConfigWatch watch(std::chrono::milliseconds(0));
  int calls = 0;
  const uint64_t id = watch.watch(project_, [&](const EffectiveConfig&) { ++calls; });
  watch.unwatch(id);
  watch.unwatch(id);
  watch.poll();
  EXPECT_EQ(calls, 0);
}

TEST_F(ConfigWatchTest, LooksByItself) {
  ConfigWatch watch(std::chrono::milliseconds(1));
  std::promise<void> first;
  std::promise<int> second;
  int calls = 0;
  const uint64_t id = watch.watch(project_, [&](const EffectiveConfig& config) {
    if (++calls == 1) first.set_value();
    if (config.values.max_completion_tokens == 9 && calls > 1) {
      calls = -1000;  // once
      second.set_value(config.values.max_completion_tokens);
    }
  });
  first.get_future().wait();
  write("[completion]\nmax_tokens = 9\n");
  EXPECT_EQ(second.get_future().get(), 9);
  watch.unwatch(id);
}

}  // namespace
}  // namespace fathom::completion
