#include "completion/counters.h"

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

TEST(Counters, PutEveryRequestIntoExactlyOneDrawer) {
  Counters counters;
  counters.add(Completion{.text = "a",
                          .stop = "line",
                          .tokens = 3,
                          .prompt_tokens = 10,
                          .reused_tokens = 8,
                          .ms_first_token = 4,
                          .ms_total = 9});
  counters.add(Completion{.text = "b", .stop = "cache", .ms_total = 0.1});
  counters.add(Completion{.stop = "filtered:mid_word"});
  counters.add(Completion{.stop = "filtered:mid_word"});
  counters.add(Completion{.stop = "filtered:syntax", .tokens = 2, .prompt_tokens = 5});
  counters.add(fail(ErrorCode::cancelled, "cancelled"));
  counters.add(fail(ErrorCode::out_of_memory, "full"));

  const CompletionCounts counts = counters.counts();
  EXPECT_EQ(counts.requests, 7U);
  EXPECT_EQ(counts.shown, 2U);
  EXPECT_EQ(counts.from_cache, 1U);
  EXPECT_EQ(counts.cancelled, 1U);
  EXPECT_EQ(counts.failed, 1U);
  EXPECT_EQ(counts.filtered.at("mid_word"), 2U);
  EXPECT_EQ(counts.filtered.at("syntax"), 1U);
  EXPECT_EQ(counts.prompt_tokens, 15U);
  EXPECT_EQ(counts.reused_tokens, 8U);
  EXPECT_EQ(counts.generated_tokens, 5U);
  EXPECT_EQ(counts.first_token.n, 2U);
  EXPECT_EQ(counts.total.n, 5U);
}

TEST(Counters, CountAnEmptyAnswerByWhatEndedIt) {
  Counters counters;
  counters.add(Completion{.stop = "end_token"});
  EXPECT_EQ(counters.counts().filtered.at("end_token"), 1U);
}

TEST(LatencyHistogram, TellsTheBucketOfAQuantile) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.quantile_ms(0.5), 0);
  for (const double ms : {0.5, 1.0, 3.0, 4.0, 200.0}) histogram.add(ms);
  EXPECT_EQ(histogram.buckets[0], 2U);
  EXPECT_EQ(histogram.quantile_ms(0.0), 1);
  EXPECT_EQ(histogram.quantile_ms(0.5), 5);
  EXPECT_EQ(histogram.quantile_ms(1.0), 250);
  histogram.add(1e6);
  EXPECT_EQ(histogram.buckets.back(), 1U);
  EXPECT_EQ(histogram.quantile_ms(1.0), 10000);
  EXPECT_DOUBLE_EQ(histogram.sum_ms, 1000208.5);
}

}  // namespace
}  // namespace fathom::completion
