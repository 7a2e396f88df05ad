// The small tools of engine/base that need no file of their own.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/cancel.h"
#include "engine/base/checked_math.h"
#include "engine/base/log.h"
#include "engine/base/mapped_file.h"
#include "engine/base/queue.h"
#include "engine/base/result.h"
#include "engine/base/text.h"
#include "engine/base/thread_pool.h"

namespace fathom {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::invalid_argument, "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  FATHOM_TRY(h, half(n));
  return half(h);
}

TEST(Result, CarriesTheFirstErrorUp) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(name_of(quarter(5).error().code), "invalid_argument");
}

TEST(CheckedMath, GivesNothingInsteadOfAWrappedResult) {
  EXPECT_EQ(checked_mul<int64_t>(1 << 20, 1 << 20), int64_t{1} << 40);
  EXPECT_FALSE(checked_mul<int64_t>(INT64_MAX, 2));
  EXPECT_FALSE(checked_add<uint64_t>(UINT64_MAX, 1));
}

TEST(Cancel, ReachesEveryToken) {
  CancelSource source;
  const CancelToken a = source.token();
  const CancelToken b = a;
  EXPECT_FALSE(b.cancelled());
  source.cancel();
  EXPECT_TRUE(a.cancelled() && b.cancelled());
  EXPECT_FALSE(CancelToken().cancelled());
}

TEST(Queue, GivesWhatIsLeftAfterClosingAndThenNothing) {
  Queue<int> queue;
  queue.push(1);
  queue.push(2);
  queue.close();
  EXPECT_FALSE(queue.push(3));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.try_pop(), 2);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(Queue, WakesAWaitingReader) {
  Queue<int> queue;
  std::jthread writer([&] { queue.push(7); });
  EXPECT_EQ(queue.pop(), 7);
}

TEST(ThreadPool, CoversEveryIndexOnceInRangesOfWholeGrains) {
  for (const int n_threads : {1, 2, 3, 8}) {
    ThreadPool pool(n_threads);
    for (const int64_t n : {0, 1, 15, 16, 17, 1000}) {
      std::vector<std::atomic<int>> seen(n);
      pool.parallel_for(n, 16, [&](int64_t begin, int64_t end, int thread) {
        EXPECT_EQ(begin % 16, 0);
        EXPECT_LT(thread, n_threads);
        for (int64_t i = begin; i < end; ++i) ++seen[i];
      });
      for (const auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, WorksAgainAfterItsThreadsFellAsleep) {
  ThreadPool pool(4);
  std::atomic<int64_t> sum = 0;
  for (int round = 0; round < 50; ++round) {
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.parallel_for(100, 1, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
  }
  EXPECT_EQ(sum, 5000);
}

TEST(Text, FindsWhereWholeCharactersEnd) {
  EXPECT_EQ(whole_characters(""), 0u);
  EXPECT_EQ(whole_characters("abc"), 3u);
  EXPECT_EQ(whole_characters("a\xC3"), 1u);
  EXPECT_EQ(whole_characters("a\xC3\xA9"), 3u);
  EXPECT_EQ(whole_characters("\xF0\x9F\x98"), 0u);
  EXPECT_EQ(whole_characters("\xF0\x9F\x98\x80"), 4u);
  EXPECT_EQ(whole_characters("\x80\x80\x80\x80"), 4u);  // not UTF-8: shown as it is
}

TEST(Text, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(to_valid_utf8("a\xC3\xA9z"), "a\xC3\xA9z");
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_EQ(to_valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80").size(), 12u);  // above U+10FFFF
}

TEST(Log, DropsWhatIsBelowItsThreshold) {
  std::string messages;
  Log log(LogLevel::warning, [&](LogLevel, std::string_view m) { messages += m; });
  log.info("no");
  log.error("{}", "yes");
  EXPECT_EQ(messages, "yes");
  Log silent;
  silent.error("nobody listens");
}

TEST(MappedFile, ShowsTheBytesAndSaysWhatIsWrong) {
  const auto path = std::filesystem::temp_directory_path() / "fathom_mapped_file_test";
  std::ofstream(path) << "hello";
  auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->bytes().size(), 5u);
  const MappedFile moved = std::move(*file);
  EXPECT_EQ(static_cast<char>(moved.bytes()[1]), 'e');
  EXPECT_EQ(*read_text_file(path, 100), "hello");
  EXPECT_EQ(read_text_file(path, 4).error().code, ErrorCode::unsupported);
  std::ofstream(path).close();
  EXPECT_TRUE(MappedFile::open(path)->bytes().empty());
  std::filesystem::remove(path);
  EXPECT_EQ(MappedFile::open(path).error().code, ErrorCode::not_found);
  EXPECT_EQ(MappedFile::open("/tmp").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace fathom
