// A log that stays small: when the file is full it becomes FILE.1, in place of the one before.
//
// Threads: one at a time, as Log sees to.

#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "engine/base/log.h"
#include "engine/base/result.h"

namespace fathom::cli {

class LogFile final {
 public:
  static constexpr uint64_t kMaxBytes = 5'000'000;

  /// Appends to the file and makes its folder if need be; nobody else may read it.
  /// Errors: io.
  static Result<std::shared_ptr<LogFile>> open(const std::filesystem::path& path,
                                               uint64_t max_bytes = kMaxBytes);

  /// One line: the time, the level, the message. What cannot be written, because the disk is full,
  /// is counted and said when there is room again.
  void write(LogLevel level, std::string_view message);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  LogFile(std::filesystem::path path, uint64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}
  Status reopen();
  void rotate();

  const std::filesystem::path path_;
  const uint64_t max_bytes_;
  File file_;  // null: it could not be opened again
  uint64_t size_ = 0;
  uint64_t n_lost_ = 0;
};

/// A log of what `level` and above have to say.
Log file_log(std::shared_ptr<LogFile> file, LogLevel level);

}  // namespace fathom::cli
