#include "editors/cli/statistics.h"

#include <gtest/gtest.h>

namespace fathom::cli {
namespace {

TEST(Percentile, IsASampleOfNearestRank) {
  const std::vector<double> samples = {5, 1, 4, 2, 3};
  EXPECT_EQ(median(samples), 3);
  EXPECT_EQ(percentile(samples, 0.95), 5);
  EXPECT_EQ(percentile(samples, 0.2), 1);
  EXPECT_EQ(percentile(samples, 0), 1);
  EXPECT_EQ(percentile(samples, 1), 5);
}

TEST(Percentile, OfNothingIsZero) { EXPECT_EQ(percentile({}, 0.5), 0); }

}  // namespace
}  // namespace fathom::cli
