// LSP base protocol: messages with a Content-Length header, out of a stream of bytes and into one.
//
// FrameReader is a pure parser: bytes go in as they arrive, cut anywhere; messages come out, the
// same for every way of cutting. Main thread only.
//
// After something that is no header the reader says so and goes on at the next "Content-Length:" at
// the start of a line, or behind other bytes: a client that miscounted one message is understood
// again from the following one. It says so again after every MiB in which there is none.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fathom::lsp {

/// What stands where a header should be. For people.
struct FrameError {
  std::string message;
};

using Frame = std::variant<std::string, FrameError>;  // the body of a message, or why there is none

class FrameReader final {
 public:
  static constexpr size_t kMaxHeaderBytes = 8 * 1024;
  static constexpr size_t kMaxBodyBytes = 64 * 1024 * 1024;
  static constexpr size_t kMaxSkippedBytes = 1024 * 1024;

  void push(std::string_view bytes);
  /// The next message or error, or nothing until more bytes come.
  std::optional<Frame> next();

 private:
  std::optional<Frame> read_header();
  std::optional<Frame> read_body();
  Frame lose_track(std::string message);
  std::optional<Frame> find_track();
  void consume(size_t n_bytes);

  std::string buffer_;
  size_t begin_ = 0;            // of what is not consumed in buffer_
  std::optional<size_t> body_;  // bytes of the body that follows; nothing: a header follows
  bool lost_ = false;           // looking for the next header
  size_t n_skipped_ = 0;        // meanwhile, since it was said last
};

/// `body` as it goes over the wire.
std::string frame(std::string_view body);

}  // namespace fathom::lsp
