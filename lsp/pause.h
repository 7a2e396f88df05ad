// Does the last of several things once none came for a while.
//
// Main thread only. Must not outlive the transport's session.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "lsp/transport.h"

namespace fathom::lsp {

class Pause final {
 public:
  Pause(Transport& transport, std::chrono::milliseconds length)
      : transport_(transport), length_(length) {}

  /// In the place of what was to be done.
  void then(std::function<void()> task);
  /// What was to be done is not.
  void cancel() { ++newest_; }

 private:
  Transport& transport_;
  const std::chrono::milliseconds length_;
  uint64_t newest_ = 0;
};

}  // namespace fathom::lsp
