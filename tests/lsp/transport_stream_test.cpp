#include "lsp/transport_stream.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "lsp/event_loop.h"
#include "tests/lsp/pipe.h"

namespace fathom::lsp {
namespace {

/// Two pipes: a stream at the near ends, the test at the far ones.
class StreamTest : public testing::Test {
 protected:
  StreamTransport& open(StreamOptions options = {}) {
    stream_ = std::make_unique<StreamTransport>(loop_, std::exchange(in_.read_end, -1),
                                                std::exchange(out_.write_end, -1),
                                                std::move(options), log_);
    return *stream_;
  }

  Log log_;
  EventLoop loop_;
  Pipe in_;
  Pipe out_;
  std::unique_ptr<StreamTransport> stream_;
};

TEST_F(StreamTest, CutsOffAReaderThatLetsTooMuchPileUp) {
  StreamTransport& stream = open({.cut_bytes = 1 << 20});
  int n_ends = 0;
  stream.start({.on_bytes = [](std::string_view) { return true; },
                .on_end =
                    [&] {
                      ++n_ends;
                      stream.close();
                    },
                .on_closed = [&] { loop_.stop(); }});
  loop_.poster()([&] {
    for (int i = 0; i < 100; ++i) stream.send(std::string(100'000, 'x'));
  });
  loop_.run();
  EXPECT_EQ(n_ends, 1);
}

TEST_F(StreamTest, ReadsNoMoreWhileTheReceiverIsBusy) {
  StreamTransport& stream = open();
  std::string events;
  stream.start({.on_bytes =
                    [&](std::string_view bytes) {
                      events += bytes.empty() ? "again " : std::string(bytes) + " ";
                      return events.size() > 15;
                    },
                .on_end = [&] { stream.close(); },
                .on_closed = [&] { loop_.stop(); }});
  ASSERT_TRUE(write_all(in_.write_end, "bytes"));
  in_.close_writer();
  loop_.run();
  EXPECT_EQ(events, "bytes again again ");
}

TEST_F(StreamTest, LetsOthersHaveTheirTurnWhileItIsBusy) {
  StreamTransport& stream = open();
  bool others_ran = false;
  stream.start({.on_bytes =
                    [&](std::string_view bytes) {
                      if (!bytes.empty()) loop_.poster()([&] { others_ran = true; });
                      return others_ran;
                    },
                .on_end = [&] { stream.close(); },
                .on_closed = [&] { loop_.stop(); }});
  ASSERT_TRUE(write_all(in_.write_end, "bytes"));
  in_.close_writer();
  loop_.run();
  EXPECT_TRUE(others_ran);
}

TEST_F(StreamTest, DropsTasksThatOutliveIt) {
  const Poster post = open().poster();
  int n_runs = 0;
  post([&] { ++n_runs; });
  loop_.poster()([&] {
    post([&] { ++n_runs; });
    stream_.reset();
    loop_.poster()([&] { loop_.stop(); });
  });
  loop_.run();
  post([&] { ++n_runs; });
  EXPECT_EQ(n_runs, 1);
}

TEST_F(StreamTest, MayBeDestroyedWhileItReadsAndWrites) {
  StreamTransport& stream = open();
  stream.start({.on_bytes = [](std::string_view) { return true; }, .on_end = {}, .on_closed = {}});
  stream.send(std::string(1 << 20, 'x'));  // more than a pipe holds
  loop_.poster()([&] {
    stream_.reset();
    loop_.poster()([&] { loop_.stop(); });
  });
  loop_.run();
}

TEST(EventLoop, DropsTasksThatComeWhenItIsGone) {
  Poster post;
  bool ran = false;
  {
    EventLoop loop;
    post = loop.poster();
    post([&] { ran = true; });
  }
  std::jthread([&] { post([&] { ran = true; }); }).join();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace fathom::lsp
