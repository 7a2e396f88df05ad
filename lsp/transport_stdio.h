// A Transport on two descriptors that others may share, standard input and output, with a loop of
// its own.
//
// The descriptors are left open and as blocking as they were found.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/result.h"
#include "lsp/transport.h"

namespace fathom::lsp {

struct StdioDescriptors {
  int input = 0;
  int output = 1;
  int parent_poll_ms = 2000;
};

class StdioTransport final : public Transport {
 public:
  /// Errors: io (a descriptor is not open). Ignores SIGPIPE in this process from here on.
  static Result<std::unique_ptr<StdioTransport>> open(const StdioDescriptors& descriptors,
                                                      Log& log);
  ~StdioTransport() override;

  /// Reads and runs tasks on the calling thread, which is the main thread from here on, until
  /// close() was called and the queued output is sent or nobody has read it for a second. The
  /// functions are those of StreamHandlers.
  void run(std::function<bool(std::string_view)> on_bytes, std::function<void()> on_end);

  /// For others on the same thread. They must go before this object does.
  EventLoop& loop();

  void send(std::string body) override;
  Poster poster() override;
  void call_after(std::chrono::milliseconds delay, std::function<void()> task) override;
  void watch_process(int64_t pid) override;
  void close() override;

 private:
  class Impl;
  explicit StdioTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::lsp
