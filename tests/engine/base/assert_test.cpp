#include "engine/base/assert.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(AssertDeathTest, SaysWhatDoesNotHoldAndWhere) {
  FATHOM_ASSERT(1 + 1 == 2);
  EXPECT_DEATH(FATHOM_ASSERT(1 + 1 == 3), "assert_test.cpp.*1 \\+ 1 == 3 does not hold");
}

}  // namespace
}  // namespace fathom
