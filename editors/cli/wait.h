#pragma once

#include <future>
#include <utility>

namespace fathom::cli {

/// Calls `start` with a callback and waits until the callback was given its value.
template <class T, class Start>
T wait_for(Start&& start) {
  std::promise<T> promise;
  std::future<T> future = promise.get_future();
  start([&](T value) { promise.set_value(std::move(value)); });
  return future.get();
}

}  // namespace fathom::cli
