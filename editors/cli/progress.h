// A line on stderr that says how far a long job is, for people only: nothing where stderr is no
// terminal.
//
// Threads: one at a time.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fathom::cli {

class Progress final {
 public:
  explicit Progress(std::string title);
  /// Wipes the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Draws at most ten times a second. `total` 0: not known.
  void update(uint64_t done_bytes, uint64_t total_bytes);
  /// "TITLE  3 of 10": for steps that take long each.
  void step(int n, int total);

 private:
  const std::string title_;
  const bool is_shown_;
  std::chrono::steady_clock::time_point next_;
};

/// "1.7 GB", "24.1 MB", "512 bytes".
std::string human_size(uint64_t bytes);

}  // namespace fathom::cli
