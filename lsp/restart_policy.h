// How often and how fast to try again when servers fail: soon at first, later and later, and not
// for ever.
//
// Pure data, one thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace fathom::lsp {

class RestartPolicy final {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kMaxFailures = 8;  // within kWindow
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::chrono::milliseconds kFirstDelay{50};
  static constexpr std::chrono::milliseconds kLongestDelay{2000};

  /// Processes with different seeds do not try at the same moments.
  explicit RestartPolicy(uint64_t seed) : random_(seed) {}

  /// A server could not be reached or was lost. Gives the time to wait before the next attempt, or
  /// nothing: it has failed too often.
  std::optional<std::chrono::milliseconds> failed(Clock::time_point now);
  /// The server does its work: what was before does not count.
  void worked() { failures_.clear(); }

 private:
  std::deque<Clock::time_point> failures_;
  std::mt19937_64 random_;
};

}  // namespace fathom::lsp
