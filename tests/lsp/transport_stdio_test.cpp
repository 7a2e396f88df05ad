#include "lsp/transport_stdio.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lsp/pipe.h"

namespace fathom::lsp {
namespace {

TEST(StdioTransport, ReadsAPipeToItsEndAndSendsFramedMessages) {
  Pipe in;
  Pipe out;
  Log log;
  auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
  ASSERT_TRUE(transport);
  ASSERT_EQ(::write(in.write_end, "hello", 5), 5);
  in.close_writer();

  std::string received;
  int n_ends = 0;
  (*transport)
      ->run(
          [&](std::string_view bytes) {
            received += bytes;
            return true;
          },
          [&] {
            ++n_ends;
            (*transport)->send("bye");
            (*transport)->close();
          });
  transport->reset();
  out.close_writer();
  EXPECT_EQ(received, "hello");
  EXPECT_EQ(n_ends, 1);
  EXPECT_EQ(read_all(out.read_end), "Content-Length: 3\r\n\r\nbye");
}

TEST(StdioTransport, WorksOnRegularFiles) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  const std::string text(300'000, 'x');  // several reads
  std::fwrite(text.data(), 1, text.size(), in);
  std::rewind(in);
  Log log;
  auto transport = StdioTransport::open({.input = ::fileno(in), .output = ::fileno(out)}, log);
  ASSERT_TRUE(transport);
  size_t n_received = 0;
  (*transport)
      ->run(
          [&](std::string_view bytes) {
            n_received += bytes.size();
            return true;
          },
          [&] {
            (*transport)->send("one");
            (*transport)->send("two");
            (*transport)->close();
          });
  EXPECT_EQ(n_received, text.size());
  ::lseek(::fileno(out), 0, SEEK_SET);
  EXPECT_EQ(read_all(::fileno(out)), "Content-Length: 3\r\n\r\noneContent-Length: 3\r\n\r\ntwo");
  std::fclose(in);
  std::fclose(out);
}

TEST(StdioTransport, EndsOnTheNullDevice) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  Log log;
  auto transport = StdioTransport::open({.input = null, .output = null}, log);
  ASSERT_TRUE(transport);
  (*transport)->run([](std::string_view) { return true; }, [&] { (*transport)->close(); });
  ::close(null);
}

TEST(StdioTransport, EndsWhenNobodyReadsTheOutputAnyMore) {
  Pipe in;
  Pipe out;
  out.close_reader();
  Log log;
  auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
  ASSERT_TRUE(transport);
  (*transport)->poster()([&] { (*transport)->send("to nobody"); });
  int n_ends = 0;
  (*transport)
      ->run([](std::string_view) { return true; },
            [&] {
              ++n_ends;
              (*transport)->send("dropped");
              (*transport)->close();
            });
  EXPECT_EQ(n_ends, 1);
}

TEST(StdioTransport, DoesNotWaitForAReaderThatStoppedReading) {
  Pipe in;
  Pipe out;
  Log log;
  auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
  ASSERT_TRUE(transport);
  (*transport)->poster()([&] {
    (*transport)->send(std::string(1 << 20, 'x'));  // more than a pipe holds
    (*transport)->close();
  });
  const auto start = std::chrono::steady_clock::now();
  (*transport)->run([](std::string_view) { return true; }, [] {});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(StdioTransport, SendsNothingAfterClose) {
  Pipe in;
  Pipe out;
  Log log;
  auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
  ASSERT_TRUE(transport);
  (*transport)->poster()([&] {
    (*transport)->close();
    (*transport)->send(std::string(1 << 20, 'x'));  // would wait for a reader for ever
  });
  (*transport)->run([](std::string_view) { return true; }, [] {});
  transport->reset();
  out.close_writer();
  EXPECT_EQ(read_all(out.read_end), "");
}

TEST(StdioTransport, SendsEverythingToASlowReader) {
  Pipe in;
  Pipe out;
  Log log;
  auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
  ASSERT_TRUE(transport);
  std::string received;
  std::jthread reader([&] { received = read_all(out.read_end); });
  size_t n_sent = 0;
  (*transport)->poster()([&] {
    for (int i = 0; i < 200; ++i) {
      const std::string body(size_t(i) * 100, char('a' + i % 26));
      n_sent += body.size() + std::string("Content-Length: \r\n\r\n").size() +
                std::to_string(body.size()).size();
      (*transport)->send(body);
    }
    (*transport)->close();
  });
  (*transport)->run([](std::string_view) { return true; }, [] {});
  transport->reset();
  out.close_writer();
  reader.join();
  EXPECT_EQ(received.size(), n_sent);
}

TEST(StdioTransport, EndsWhenTheWatchedProcessIsGone) {
  Pipe in;
  Pipe out;
  Log log;
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  auto transport = StdioTransport::open(
      {.input = in.read_end, .output = out.write_end, .parent_poll_ms = 10}, log);
  ASSERT_TRUE(transport);
  (*transport)->watch_process(child);
  (*transport)->watch_process(-1);  // would mean every process
  (*transport)->watch_process(int64_t{1} << 40);
  (*transport)->poster()([&] {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  });
  (*transport)->run([](std::string_view) { return true; }, [&] { (*transport)->close(); });
}

TEST(StdioTransport, LeavesTheDescriptorsAsTheyWere) {
  Pipe in;
  Pipe out;
  Log log;
  {
    auto transport = StdioTransport::open({.input = in.read_end, .output = out.write_end}, log);
    ASSERT_TRUE(transport);
    (*transport)->poster()([&] { (*transport)->close(); });
    (*transport)->run([](std::string_view) { return true; }, [] {});
  }
  EXPECT_EQ(::fcntl(in.read_end, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(out.write_end, F_GETFL) & O_NONBLOCK, 0);
}

TEST(StdioTransport, RefusesADescriptorThatIsNotOpen) {
  Log log;
  const auto transport = StdioTransport::open({.input = 987, .output = 1}, log);
  ASSERT_FALSE(transport);
  EXPECT_EQ(transport.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace fathom::lsp
