#include "lsp/restart_policy.h"

#include <algorithm>

namespace fathom::lsp {

std::optional<std::chrono::milliseconds> RestartPolicy::failed(Clock::time_point now) {
  while (!failures_.empty() && now - failures_.front() > kWindow) failures_.pop_front();
  failures_.push_back(now);
  if (failures_.size() >= size_t{kMaxFailures}) return std::nullopt;
  const std::chrono::milliseconds longest =
      std::min(kLongestDelay, kFirstDelay * (1 << (failures_.size() - 1)));
  // Between half of it and all: all doors of a daemon lose it at the same moment.
  std::uniform_int_distribution<int64_t> delay(longest.count() / 2, longest.count());
  return std::chrono::milliseconds(delay(random_));
}

}  // namespace fathom::lsp
