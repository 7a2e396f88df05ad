#include "engine/base/cancel.h"

#include <optional>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(CancelToken, OfNobodyIsNeverCancelled) { EXPECT_FALSE(CancelToken().cancelled()); }

TEST(CancelToken, SeesTheWishOfItsSourceAlsoWhenTheSourceIsGone) {
  std::optional<CancelSource> source(std::in_place);
  const CancelToken early = source->token();
  const CancelToken copy = early;
  EXPECT_FALSE(early.cancelled());
  source->cancel();
  EXPECT_TRUE(source->token().cancelled());
  source.reset();
  EXPECT_TRUE(early.cancelled());
  EXPECT_TRUE(copy.cancelled());
}

TEST(CancelSource, OfATokenIsCancelledWithItButNotTheOtherWayRound) {
  CancelSource client;
  CancelSource request(client.token());
  CancelSource other(client.token());
  request.cancel();
  EXPECT_TRUE(request.token().cancelled());
  EXPECT_FALSE(client.token().cancelled());
  EXPECT_FALSE(other.token().cancelled());
  client.cancel();
  EXPECT_TRUE(other.token().cancelled());
}

}  // namespace
}  // namespace fathom
