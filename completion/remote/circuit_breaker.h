// Leaves a server alone that does not answer: after some failures in a row nothing is sent for a
// while, then one request finds out whether it is back.
//
// Threads: one at a time. Knows no clock: callers say what time it is.

#pragma once

#include <chrono>
#include <string_view>

namespace fathom::completion {

class CircuitBreaker final {
 public:
  using Clock = std::chrono::steady_clock;

  enum class State {
    closed,     // requests go through
    open,       // none does until retry_at()
    half_open,  // one is finding out
  };

  /// Whether a request may be sent now; the one that finds out has been let through when this
  /// returns true in the state `open`.
  bool allow(Clock::time_point now);
  void succeeded();
  void failed(Clock::time_point now);
  /// The request ended without telling anything of the server (someone gave it up).
  void abandoned();

  State state() const { return state_; }
  /// In the state `open`: when the next request may be sent.
  Clock::time_point retry_at() const { return retry_at_; }

 private:
  State state_ = State::closed;
  int n_failures_ = 0;  // in a row
  Clock::time_point retry_at_;
};

/// "closed", "open", "half-open".
std::string_view name_of(CircuitBreaker::State state);

}  // namespace fathom::completion
