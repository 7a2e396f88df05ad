#include "lsp/framing.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace fathom::lsp {
namespace {

std::vector<std::string> read_all(FrameReader& reader) {
  std::vector<std::string> out;
  while (const std::optional<Frame> frame = reader.next()) {
    const auto* error = std::get_if<FrameError>(&*frame);
    out.push_back(error ? "error: " + error->message : std::get<std::string>(*frame));
  }
  return out;
}

/// Reads `stream` in pieces of `n` bytes.
std::vector<std::string> read_in_pieces(std::string_view stream, size_t n) {
  FrameReader reader;
  std::vector<std::string> out;
  for (size_t i = 0; i < stream.size(); i += n) {
    reader.push(stream.substr(i, n));
    for (std::string& message : read_all(reader)) out.push_back(std::move(message));
  }
  return out;
}

/// The only place that checks: the same messages, however the stream is cut.
void check(std::string_view stream, const std::vector<std::string>& expected) {
  for (size_t n = 1; n <= stream.size(); ++n)
    EXPECT_EQ(read_in_pieces(stream, n), expected) << "in pieces of " << n << " bytes";
}

TEST(FrameReader, ReadsMessagesHoweverTheStreamIsCut) {
  check("Content-Length: 2\r\n\r\n{}Content-Length: 7\r\n\r\n{\"a\":1}", {"{}", "{\"a\":1}"});
}

TEST(FrameReader, ReadsEmptyBodies) {
  check("Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}", {"", "{}"});
}

TEST(FrameReader, IgnoresOtherHeadersCaseSpacesAndStrayLineEnds) {
  check(
      "\r\n\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n"
      "content-length:2 \r\nX: y\r\n\r\n{}",
      {"{}"});
  check("Content-Length: 2\n\n{}\n\nContent-Length: 2\n\n[]", {"{}", "[]"});
}

TEST(FrameReader, GoesOnAtTheNextHeaderAfterALengthThatIsTooShort) {
  check("Content-Length: 3\r\n\r\n{\"a\":1}Content-Length: 2\r\n\r\n{}",
        {"{\"a", "error: a header has no Content-Length", "{}"});
}

TEST(FrameReader, GoesOnAtTheNextHeaderAfterALengthThatIsTooLong) {
  // The first body swallows a part of the second message, which is lost; the third is read.
  check(
      "Content-Length: 9\r\n\r\n{}Content-Length: 2\r\n\r\n{}"
      "Content-Length: 4\r\n\r\n[12]",
      {"{}Content", "error: a header has no Content-Length", "[12]"});
}

TEST(FrameReader, ReportsWhatIsNoHeaderOnceAndGoesOn) {
  const std::string good = "Content-Length: 2\r\n\r\n{}";
  check("GET / HTTP/1.1\r\n" + good, {"error: a header line is not \"Name: value\"", "{}"});
  check("Content-Length: 2x\r\n\r\n{}" + good,
        {"error: Content-Length is not a number of bytes", "{}"});
  check("Content-Length: -1\r\n\r\n" + good,
        {"error: Content-Length is not a number of bytes", "{}"});
  check("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + good,
        {"error: Content-Length is given twice", "{}", "{}"});
  check("Content-Type: x\r\n\r\n" + good, {"error: a header has no Content-Length", "{}"});
}

TEST(FrameReader, RefusesBodiesAboveTheLimitBeforeTheyArrive) {
  FrameReader reader;
  reader.push("Content-Length: 67108865\r\n");
  EXPECT_EQ(read_all(reader),
            std::vector<std::string>{"error: Content-Length is 67108865, the limit is 67108864"});
  reader.push("\r\nContent-Length: 99999999999999999999999\r\n\r\n");
  EXPECT_EQ(read_all(reader),
            std::vector<std::string>{"error: Content-Length is not a number of bytes"});
}

TEST(FrameReader, RefusesHeadersAboveTheLimit) {
  FrameReader reader;
  reader.push("X: " + std::string(FrameReader::kMaxHeaderBytes, 'x'));
  EXPECT_EQ(read_all(reader),
            std::vector<std::string>{"error: a header is longer than 8192 bytes"});
  reader.push("\r\n\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(read_all(reader), std::vector<std::string>{"{}"});
}

TEST(FrameReader, ReadsMegabytesOfStrayLineEndsAndGarbage) {
  FrameReader reader;
  reader.push(std::string(1 << 20, '\n'));
  reader.push(std::string(1 << 20, 'x'));
  EXPECT_EQ(read_all(reader).size(), 1u);
  reader.push("Content-Length: 2\r\n\r\n{}");
  EXPECT_EQ(read_all(reader), std::vector<std::string>{"{}"});
}

TEST(Frame, IsWhatTheReaderReads) {
  FrameReader reader;
  reader.push(frame("{\"a\": \"\xC3\xA4\"}"));
  EXPECT_EQ(read_all(reader), std::vector<std::string>{"{\"a\": \"\xC3\xA4\"}"});
}

}  // namespace
}  // namespace fathom::lsp
