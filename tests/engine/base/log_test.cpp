#include "engine/base/log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Log, HandsItsSinkWhatIsImportantEnough) {
  std::vector<std::string> messages;
  Log log(LogLevel::warning, [&](LogLevel, std::string_view m) { messages.emplace_back(m); });
  log.debug("a {}", 1);
  log.info("b");
  log.warning("c {}", 2);
  log.error("d");
  EXPECT_THAT(messages, testing::ElementsAre("c 2", "d"));
}

TEST(Log, WithoutASinkDropsEverything) {
  Log log;
  log.error("nobody hears this");
}

}  // namespace
}  // namespace fathom
