#include "lsp/daemon_link.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/base/detached_process.h"

namespace fathom::lsp {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{10};
// A daemon that has left because another one is there leaves it so much time to listen.
constexpr std::chrono::milliseconds kOther{1000};

}  // namespace

class DaemonLink::Impl final : public std::enable_shared_from_this<Impl> {
 public:
  Impl(EventLoop& loop, Options options, Log& log)
      : options_(std::move(options)), log_(log), timer_(loop.context()) {}

  void connect(OnConnected on_connected) {
    on_connected_ = std::move(on_connected);
    started_ = false;
    exit_code_.reset();
    deadline_ = Clock::now() + options_.patience;
    look_after(std::chrono::milliseconds(0));
  }

  void abandon() {
    on_connected_ = {};
    timer_.cancel();
  }

 private:
  void look_after(std::chrono::milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([this, self = shared_from_this()](boost::system::error_code) {
      if (on_connected_) look();
    });
  }

  void look() {
    if (child_ != 0 && !exit_code_) take_child();
    Result<ServerPeer> connected = connect_to_server(options_.socket);
    if (connected || connected.error().code != ErrorCode::not_found)
      return report(std::move(connected));
    if (Clock::now() >= deadline_) return report(give_up(connected.error()));
    if (!std::exchange(started_, true)) {
      if (Status status = start(); !status)
        return report(tl::unexpected<Error>(std::move(status.error())));
    }
    look_after(kLook);
  }

  Status start() {
    if (child_ != 0) take_child();
    auto started = start_detached(options_.command.program, options_.command.arguments,
                                  options_.command.output);
    // A disk that is full is no reason to go without a daemon.
    if (!started)
      started = start_detached(options_.command.program, options_.command.arguments, {});
    if (!started) return tl::unexpected<Error>(std::move(started.error()));
    child_ = *started;
    exit_code_.reset();
    log_.info("no daemon listens at {}; started one, pid {}", options_.socket.string(), child_);
    return {};
  }

  /// Looks whether the daemon that this process has started has ended.
  void take_child() {
    const std::optional<int> code = take_exit_code(child_);
    if (!code) return;
    child_ = 0;
    if (!started_) return;  // an earlier one
    exit_code_ = code;
    deadline_ = std::min(deadline_, Clock::now() + (*code == 0 ? kOther : kLook));
  }

  tl::unexpected<Error> give_up(const Error& error) const {
    const std::string hint = options_.command.output.empty()
                                 ? "run `fathom serve` in a terminal to see why"
                                 : "see " + options_.command.output.string();
    if (!exit_code_)
      return fail(ErrorCode::not_found, "the daemon did not listen within {} ms ({}); {}",
                  options_.patience.count(), error.message, hint);
    if (*exit_code_ < 0)
      return fail(ErrorCode::io, "the daemon was killed by signal {}; {}", -*exit_code_, hint);
    return fail(ErrorCode::not_found, "the daemon has ended with code {}; {}", *exit_code_, hint);
  }

  void report(Result<ServerPeer> result) { std::exchange(on_connected_, {})(std::move(result)); }

  const Options options_;
  Log& log_;
  boost::asio::steady_timer timer_;
  OnConnected on_connected_;  // empty: nothing is under way
  bool started_ = false;      // a daemon, for this connection
  int64_t child_ = 0;         // a daemon of ours that was not seen to end; 0: none
  std::optional<int> exit_code_;
  Clock::time_point deadline_;
};

DaemonLink::DaemonLink(EventLoop& loop, Options options, Log& log)
    : impl_(std::make_shared<Impl>(loop, std::move(options), log)) {}

DaemonLink::~DaemonLink() { impl_->abandon(); }

void DaemonLink::connect(OnConnected on_connected) { impl_->connect(std::move(on_connected)); }

}  // namespace fathom::lsp
