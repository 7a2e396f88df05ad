#include "engine/base/trace.h"

#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "engine/base/mapped_file.h"

namespace fathom {
namespace {

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(Trace, WritesOneEventForEachSpanAndAWholeArray) {
  const auto path = std::filesystem::temp_directory_path() / "fathom_trace_test.json";
  {
    auto trace = Trace::create(path);
    ASSERT_TRUE(trace);
    const TraceSpan outer(trace->get(), "prefill", 128);
    std::jthread([&] { const TraceSpan inner(trace->get(), "context"); }).join();
    const TraceSpan nothing(nullptr, "unseen");
    EXPECT_EQ(count(*read_text_file(path, 1 << 16), "\"context\""), 1u);  // written as it ends
  }
  const std::string text = *read_text_file(path, 1 << 16);
  EXPECT_TRUE(text.starts_with("[\n{\"name\":\"context\",\"ph\":\"X\""));
  EXPECT_TRUE(text.ends_with("\"args\":{\"count\":128}}\n]\n"));
  EXPECT_EQ(count(text, "\"dur\""), 2u);
  EXPECT_EQ(count(text, "unseen"), 0u);
  std::filesystem::remove(path);
}

TEST(Trace, SaysWhyItCannotBeWritten) {
  const auto trace = Trace::create("/no/such/folder/trace.json");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().code, ErrorCode::io);
  EXPECT_NE(trace.error().message.find("/no/such/folder"), std::string::npos);
}

}  // namespace
}  // namespace fathom
