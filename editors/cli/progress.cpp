#include "editors/cli/progress.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "engine/base/system.h"

namespace fathom::cli {

Progress::Progress(std::string title) : title_(std::move(title)), is_shown_(is_terminal(stderr)) {}

Progress::~Progress() {
  if (is_shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::update(uint64_t done_bytes, uint64_t total_bytes) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_shown_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  if (total_bytes == 0) {
    fmt::print(stderr, "\r{}  {}\033[K", title_, human_size(done_bytes));
    return;
  }
  constexpr int kWidth = 30;
  const double part = static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
  const int filled = static_cast<int>(part * kWidth);
  fmt::print(stderr, "\r{}  [{:#<{}}{:.<{}}] {:3.0f} %  {} of {}\033[K", title_, "", filled, "",
             kWidth - filled, 100 * part, human_size(done_bytes), human_size(total_bytes));
}

void Progress::step(int n, int total) {
  if (is_shown_) fmt::print(stderr, "\r{}  {} of {}\033[K", title_, n, total);
}

std::string human_size(uint64_t bytes) {
  const auto n = static_cast<double>(bytes);
  if (n >= 1e9) return fmt::format("{:.1f} GB", n / 1e9);
  if (n >= 1e6) return fmt::format("{:.1f} MB", n / 1e6);
  if (n >= 1e4) return fmt::format("{:.0f} kB", n / 1e3);
  return fmt::format("{} bytes", bytes);
}

}  // namespace fathom::cli
