#include "completion/remote/circuit_breaker.h"

#include <algorithm>

namespace fathom::completion {
namespace {

constexpr int kFailuresToOpen = 3;
constexpr std::chrono::seconds kFirstPause{2};
constexpr std::chrono::seconds kLongestPause{60};
constexpr int kMaxDoublings = 5;  // 64 s: beyond the longest pause

}  // namespace

bool CircuitBreaker::allow(Clock::time_point now) {
  if (state_ == State::closed) return true;
  if (state_ == State::half_open || now < retry_at_) return false;
  state_ = State::half_open;
  return true;
}

void CircuitBreaker::succeeded() {
  state_ = State::closed;
  n_failures_ = 0;
}

void CircuitBreaker::failed(Clock::time_point now) {
  ++n_failures_;
  if (n_failures_ < kFailuresToOpen) return;
  const int n_doublings = std::min(n_failures_ - kFailuresToOpen, kMaxDoublings);
  state_ = State::open;
  retry_at_ = now + std::min<std::chrono::seconds>(kFirstPause * (1 << n_doublings), kLongestPause);
}

void CircuitBreaker::abandoned() {
  // retry_at_ has passed: the next request finds out.
  if (state_ == State::half_open) state_ = State::open;
}

std::string_view name_of(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::closed:
      return "closed";
    case CircuitBreaker::State::open:
      return "open";
    case CircuitBreaker::State::half_open:
      return "half-open";
  }
  return "closed";
}

}  // namespace fathom::completion
