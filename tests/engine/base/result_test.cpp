#include "engine/base/result.h"

#include <memory>
#include <set>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(ErrorCode::invalid_argument, "{} is odd", number);
  return number / 2;
}

Result<int> quarter_of(int number) {
  FATHOM_TRY(half, half_of(number));
  return half_of(half);
}

Status check_even(int number) {
  FATHOM_CHECK(half_of(number));
  return {};
}

TEST(Result, TryNamesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter_of(12), 3);
  const Result<int> failed = quarter_of(6);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(failed.error().message, "3 is odd");
}

TEST(Result, CheckReturnsTheErrorAndGoesOnWithoutOne) {
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_EQ(check_even(1).error().message, "1 is odd");
}

TEST(Result, TryMovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    FATHOM_TRY(pointer, make());
    const std::unique_ptr<int> owned = std::move(pointer);
    return *owned;
  };
  EXPECT_EQ(use(), 7);
}

TEST(ErrorCode, EveryCodeHasAnotherName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    names.insert(name_of(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::internal) + 1);
  EXPECT_THAT(names, testing::Not(testing::Contains("")));
}

}  // namespace
}  // namespace fathom
