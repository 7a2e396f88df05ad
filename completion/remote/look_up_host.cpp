#include "completion/remote/look_up_host.h"

#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

namespace fathom::completion {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Between the one who waits and the thread that looks up.
struct Shared {
  std::mutex mutex;
  asio::steady_timer* waiting = nullptr;  // null: nobody does, and the executor may be gone
  std::optional<HostAddresses> found;
};

/// Somebody waits, as long as this lives. `timer` must outlive it.
class Waiting final {
 public:
  Waiting(Shared& shared, asio::steady_timer& timer, std::function<void()>& stop)
      : shared_(shared), stop_(stop) {
    shared_.waiting = &timer;
    stop_ = [&timer] { timer.cancel(); };
  }
  ~Waiting() {
    stop_ = nullptr;
    const std::lock_guard lock(shared_.mutex);
    shared_.waiting = nullptr;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Shared& shared_;
  std::function<void()>& stop_;
};

void tell(const std::shared_ptr<Shared>& shared, HostAddresses found) {
  const std::lock_guard lock(shared->mutex);
  shared->found = std::move(found);
  if (!shared->waiting) return;
  asio::post(shared->waiting->get_executor(), [shared] {
    const std::lock_guard again(shared->mutex);
    if (shared->waiting) shared->waiting->cancel();
  });
}

}  // namespace

HostAddresses look_up_by_system(const std::string& host, uint16_t port) {
  asio::io_context here;
  tcp::resolver resolver(here);
  HostAddresses addresses;
  for (const auto& entry : resolver.resolve(host, std::to_string(port), addresses.error))
    addresses.endpoints.push_back(entry.endpoint());
  return addresses;
}

asio::awaitable<HostAddresses> look_up_host(const std::string& host, uint16_t port,
                                            std::chrono::milliseconds limit,
                                            std::function<void()>& stop,
                                            const HostLookUp& look_up) {
  boost::system::error_code no_address;
  if (const asio::ip::address address = asio::ip::make_address(host, no_address); !no_address)
    co_return HostAddresses{.endpoints = {tcp::endpoint(address, port)}};

  asio::steady_timer timer(co_await asio::this_coro::executor, limit);
  const auto shared = std::make_shared<Shared>();
  const Waiting waiting(*shared, timer, stop);
  try {
    std::thread([shared, host, port, look_up] { tell(shared, look_up(host, port)); }).detach();
  } catch (const std::system_error&) {
    co_return HostAddresses{.error = asio::error::no_memory};  // no thread to be had
  }
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  const std::lock_guard lock(shared->mutex);
  if (shared->found) co_return std::move(*shared->found);
  if (error) co_return HostAddresses{.error = error};
  co_return HostAddresses{.error = boost::beast::error::timeout};
}

}  // namespace fathom::completion
