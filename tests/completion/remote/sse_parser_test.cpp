#include "completion/remote/sse_parser.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "TYPE|DATA" of each event of `pieces`.
std::vector<std::string> parse(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> events;
  SseParser parser(1024);
  for (const std::string_view piece : pieces) {
    const Status status = parser.feed(piece, [&](std::string_view type, std::string_view data) {
      events.push_back(fmt::format("{}|{}", type, data));
    });
    EXPECT_TRUE(status);
  }
  return events;
}

/// The events are the same wherever the stream is cut once or twice.
void check(std::string_view stream, const testing::Matcher<std::vector<std::string>>& expected) {
  EXPECT_THAT(parse({stream}), expected);
  for (size_t a = 0; a <= stream.size(); ++a) {
    for (size_t b = a; b <= stream.size(); ++b)
      ASSERT_THAT(parse({stream.substr(0, a), stream.substr(a, b - a), stream.substr(b)}), expected)
          << "cut at " << a << " and " << b;
  }
}

TEST(SseParser, GivesTheEventsOfAStream) {
  check("data: one\n\ndata: two\n\n", ElementsAre("message|one", "message|two"));
}

TEST(SseParser, TakesEveryKindOfLineEnd) {
  check("data: 1\r\n\r\ndata: 2\r\rdata: 3\n\ndata: 4\r\n\n",
        ElementsAre("message|1", "message|2", "message|3", "message|4"));
}

TEST(SseParser, JoinsLinesOfData) {
  check("data: a\ndata:b\ndata:  c\ndata\n\n", ElementsAre("message|a\nb\n c\n"));
}

TEST(SseParser, LeavesOutCommentsAndFieldsThatItDoesNotKnow) {
  check(": ping\n:\n\nid: 7\nretry: 9\nwhatever: x\n\n: y\ndata: z\n\n", ElementsAre("message|z"));
}

TEST(SseParser, KnowsTheTypeOfAnEvent) {
  check("event: error\ndata: {}\n\nevent: lost\n\ndata: d\n\n",
        ElementsAre("error|{}", "message|d"));
}

TEST(SseParser, SkipsAByteOrderMarkAtTheBeginningOnly) {
  check(
      "\xef\xbb\xbf"
      "data: a\n\n\xef\xbb\xbf"
      "data: b\n\n",
      ElementsAre("message|a"));
}

TEST(SseParser, KeepsCharactersThatAreCut) {
  check("data: \xe6\xbc\xa2\xf0\x9f\x99\x82\n\n",
        ElementsAre("message|\xe6\xbc\xa2\xf0\x9f\x99\x82"));
}

TEST(SseParser, DropsWhatIsNotComplete) {
  check("data: a\n\ndata: b\n", ElementsAre("message|a"));
  check("data", IsEmpty());
}

TEST(SseParser, RefusesLinesAndEventsWithoutEnd) {
  const auto ignore = [](std::string_view, std::string_view) {};
  SseParser line(16);
  EXPECT_TRUE(line.feed("data: 0123456789", ignore));
  EXPECT_EQ(line.feed("0", ignore).error().code, ErrorCode::corrupt);
  SseParser event(16);
  Status status;
  for (int i = 0; status && i < 16; ++i) status = event.feed("data: 1\n", ignore);
  EXPECT_EQ(status.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace fathom::completion
