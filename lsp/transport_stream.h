// A Transport on open files of any kind (pipes, sockets, terminals, regular files), on a loop that
// it shares with others.
//
// Nothing waits for the reader: output is queued. While much of it is, no input is read; a client
// that lets still more pile up is cut off.
//
// Main thread only, but for the poster.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/log.h"
#include "lsp/event_loop.h"
#include "lsp/transport.h"

namespace fathom::lsp {

struct StreamOptions {
  std::string name;           // of the client, in the log
  int parent_poll_ms = 2000;  // between two looks at the watched process; 0: it is not watched
  size_t pause_bytes = size_t{16} << 20;  // queued: no input is read until they are sent
  size_t cut_bytes = size_t{64} << 20;    // queued: the client does not read any more
};

struct StreamHandlers {
  /// Input as it comes. False: the receiver is not done with what it has, and is called again,
  /// with nothing, before more is read. So a client that floods lets others have their turn.
  std::function<bool(std::string_view)> on_bytes;
  /// At most once: at the end of the input, when the output breaks or nobody reads it, or when the
  /// watched process is gone.
  std::function<void()> on_end;
  /// Last, after close(): the output was sent, or nobody has read it for a second. The transport
  /// may be destroyed here.
  std::function<void()> on_closed;
};

class StreamTransport final : public Transport {
 public:
  /// Takes the descriptors, which must differ (dup() a socket). SIGPIPE must be ignored.
  StreamTransport(EventLoop& loop, int input, int output, StreamOptions options, Log& log);
  /// Closes the descriptors; no handler is called any more.
  ~StreamTransport() override;

  void start(StreamHandlers handlers);

  void send(std::string body) override;
  Poster poster() override;
  void call_after(std::chrono::milliseconds delay, std::function<void()> task) override;
  void watch_process(int64_t pid) override;
  void close() override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fathom::lsp
