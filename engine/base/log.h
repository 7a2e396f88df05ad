// Where messages for people go. Libraries never print: they are handed a Log.
//
// Threads: any. The sink is called under a lock, one message at a time.

#pragma once

#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace fathom {

enum class LogLevel { debug, info, warning, error };

class Log final {
 public:
  using Sink = std::function<void(LogLevel, std::string_view message)>;

  /// A log that drops everything.
  Log() = default;
  Log(LogLevel threshold, Sink sink) : threshold_(threshold), sink_(std::move(sink)) {}

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::warning, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (!sink_ || level < threshold_) return;
    const std::string message = fmt::format(format, std::forward<Args>(args)...);
    const std::lock_guard lock(mutex_);
    sink_(level, message);
  }

  LogLevel threshold_ = LogLevel::error;
  Sink sink_;
  std::mutex mutex_;
};

}  // namespace fathom
