// Where the time went: spans in Chrome's trace event format, for chrome://tracing or Perfetto.
//
//   const TraceSpan span(trace, "prefill", n_rows);   // until the end of the scope
//
// Events are written as they end, so that the file of a program that died is still readable.
// Threads: any. A null Trace costs one comparison and allocates nothing.

#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>

#include "engine/base/result.h"

namespace fathom {

class Trace final {
 public:
  using Clock = std::chrono::steady_clock;

  /// Creates or replaces the file. Errors: io.
  static Result<std::unique_ptr<Trace>> create(const std::filesystem::path& path);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// `name` needs no escaping in JSON; `count` is whatever the span is about: rows, tokens, bytes.
  void add(const char* name, Clock::time_point begin, Clock::time_point end, int64_t count);

 private:
  explicit Trace(std::FILE* file) : file_(file) {}

  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  std::FILE* const file_;  // guarded by mutex_
  bool is_first_ = true;   // guarded by mutex_
};

/// Records the time from its construction to the end of its scope; nothing if `trace` is null.
class TraceSpan final {
 public:
  TraceSpan(Trace* trace, const char* name, int64_t count = 0)
      : trace_(trace), name_(name), count_(count) {
    if (trace_ != nullptr) begin_ = Trace::Clock::now();
  }
  ~TraceSpan() {
    if (trace_ != nullptr) trace_->add(name_, begin_, Trace::Clock::now(), count_);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Trace* const trace_;
  const char* const name_;
  const int64_t count_;
  Trace::Clock::time_point begin_;
};

}  // namespace fathom
