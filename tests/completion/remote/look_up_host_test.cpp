#include "completion/remote/look_up_host.h"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/error.hpp>
#include <gtest/gtest.h>

namespace fathom::completion {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Looks up on an event loop of its own, which is gone afterwards. `stops`: the one who asked gives
/// up at once.
std::optional<HostAddresses> check(const std::string& host, std::chrono::milliseconds limit,
                                   const HostLookUp& look_up, bool stops = false) {
  asio::io_context loop;
  std::function<void()> stop;
  std::optional<HostAddresses> result;
  asio::co_spawn(
      loop, look_up_host(host, 80, limit, stop, look_up),
      [&](const std::exception_ptr&, HostAddresses found) { result = std::move(found); });
  if (stops) asio::post(loop, [&] { stop(); });
  loop.run();
  EXPECT_FALSE(stop) << "nothing is waited for any more";
  return result;
}

/// A name server that does not answer until the test ends.
class Silence {
 public:
  HostLookUp look_up() {
    return [silent = released_.get_future().share(), done = done_](const std::string&, uint16_t) {
      silent.wait();
      done->set_value();
      return HostAddresses{};
    };
  }
  /// Waits until the thread that was left behind has seen it.
  void end() {
    released_.set_value();
    done_->get_future().wait();
  }

 private:
  std::promise<void> released_;
  const std::shared_ptr<std::promise<void>> done_ = std::make_shared<std::promise<void>>();
};

TEST(LookUpHost, GivesWhatIsFound) {
  const auto found = check("gpu.example", 1min, [](const std::string& host, uint16_t port) {
    EXPECT_EQ(host, "gpu.example");
    return HostAddresses{.endpoints = {{asio::ip::make_address("192.0.2.7"), port}}};
  });
  ASSERT_TRUE(found && !found->error);
  ASSERT_EQ(found->endpoints.size(), 1u);
  EXPECT_EQ(found->endpoints[0].address().to_string(), "192.0.2.7");
  EXPECT_EQ(found->endpoints[0].port(), 80);
  const auto missing = check("gpu.example", 1min, [](const std::string&, uint16_t) {
    return HostAddresses{.error = asio::error::host_not_found};
  });
  EXPECT_EQ(missing->error, asio::error::host_not_found);
}

TEST(LookUpHost, AsksNobodyForAnAddress) {
  for (const char* address : {"192.0.2.7", "2001:db8::1"}) {
    const auto found = check(address, 1min, [](const std::string&, uint16_t) {
      ADD_FAILURE();
      return HostAddresses{};
    });
    EXPECT_EQ(found->endpoints.at(0).address().to_string(), address);
  }
}

TEST(LookUpHost, LeavesANameServerBehindThatDoesNotAnswer) {
  Silence silence;
  const auto found = check("gpu.example", 1ms, silence.look_up());
  EXPECT_EQ(found->error, boost::beast::error::timeout);
  silence.end();  // the event loop is gone
}

TEST(LookUpHost, EndsAtOnceWhenItIsStopped) {
  Silence silence;
  const auto found = check("gpu.example", 24h, silence.look_up(), /*stops=*/true);
  EXPECT_TRUE(found->error);
  silence.end();
}

TEST(LookUpHost, FindsThisMachineByTheSystem) {
  const HostAddresses found = look_up_by_system("localhost", 8080);
  ASSERT_FALSE(found.error);
  EXPECT_TRUE(found.endpoints.at(0).address().is_loopback());
}

}  // namespace
}  // namespace fathom::completion
