#include "completion/active_requests.h"

#include <thread>

#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

const DocumentId kA{.client = 1, .uri = "file:///a"};
const DocumentId kB{.client = 2, .uri = "file:///a"};

TEST(ActiveRequests, TheNewestOfADocumentCancelsTheOlderOne) {
  ActiveRequests active;
  const auto older = active.begin_latest(kA, {});
  const auto beside = active.begin(kA, {});
  const auto other = active.begin_latest(kB, {});
  EXPECT_FALSE(older.cancel.cancelled());
  const auto newer = active.begin_latest(kA, {});
  EXPECT_TRUE(older.cancel.cancelled());
  EXPECT_FALSE(beside.cancel.cancelled());
  EXPECT_FALSE(other.cancel.cancelled());
  active.end(older.id);
  active.cancel_latest(kA);
  EXPECT_TRUE(newer.cancel.cancelled()) << "the end of the older one changes nothing";
  for (const auto& ticket : {beside, other, newer}) active.end(ticket.id);
  EXPECT_FALSE(active.any_wanted());
}

TEST(ActiveRequests, AClientTakesOnlyItsOwn) {
  ActiveRequests active;
  const auto a = active.begin(kA, {});
  const auto b = active.begin(kB, {});
  active.cancel_client(1);
  EXPECT_TRUE(a.cancel.cancelled());
  EXPECT_FALSE(b.cancel.cancelled());
  active.end(a.id);
  active.end(b.id);
}

TEST(ActiveRequests, WorkAheadGivesWayToARequest) {
  ActiveRequests active;
  const auto ahead = active.begin_speculation(kA, Purpose::ahead, 0);
  ASSERT_TRUE(ahead);
  EXPECT_FALSE(active.any_wanted());
  const auto asked = active.begin_latest(kA, {});
  EXPECT_TRUE(ahead->cancel.cancelled());
  EXPECT_FALSE(active.begin_speculation(kA, Purpose::warm_up, 0)) << "somebody waits there";
  EXPECT_TRUE(active.is_alone(asked.id)) << "but for what is cancelled";
  active.end(ahead->id);
  active.end(asked.id);
}

TEST(ActiveRequests, WorkAheadMayFollowARequestThatIsAboutToEnd) {
  ActiveRequests active;
  const auto asked = active.begin_latest(kA, {});
  const auto ahead = active.begin_speculation(kA, Purpose::ahead, asked.id);
  ASSERT_TRUE(ahead);
  EXPECT_TRUE(active.is_alone(ahead->id));
  const auto other = active.begin_latest(kB, {});
  EXPECT_FALSE(active.is_alone(ahead->id));
  active.end(asked.id);
  active.cancel_speculation(kA);
  EXPECT_TRUE(ahead->cancel.cancelled());
  active.end(ahead->id);
  active.end(other.id);
}

TEST(ActiveRequests, ANewerWarmUpTakesThePlaceOfAnOlderOneOnly) {
  ActiveRequests active;
  const auto older = active.begin_speculation(kA, Purpose::warm_up, 0);
  const auto newer = active.begin_speculation(kA, Purpose::warm_up, 0);
  ASSERT_TRUE(older && newer);
  EXPECT_TRUE(older->cancel.cancelled());
  EXPECT_TRUE(active.is_alone(newer->id));
  active.end(older->id);
  active.end(newer->id);
  const auto ahead = active.begin_speculation(kA, Purpose::ahead, 0);
  EXPECT_FALSE(active.begin_speculation(kA, Purpose::warm_up, 0));
  EXPECT_FALSE(ahead->cancel.cancelled());
  active.end(ahead->id);
}

TEST(ActiveRequests, WaitsForWhatItCancels) {
  ActiveRequests active;
  const auto a = active.begin_latest(kA, {});
  std::jthread ends([&] {
    while (!a.cancel.cancelled()) std::this_thread::yield();
    active.end(a.id);
  });
  active.cancel_all_and_wait();
  EXPECT_FALSE(active.any_wanted());
  EXPECT_FALSE(active.begin_speculation(kA, Purpose::ahead, 0));
}

}  // namespace
}  // namespace fathom::completion
