#include "completion/remote/remote_generator.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "completion/remote/discover.h"
#include "completion/remote/http_client.h"
#include "completion/remote/proxy.h"
#include "completion/remote/remote_job.h"
#include "completion/remote/sse_parser.h"
#include "engine/base/mapped_file.h"
#include "engine/base/user_paths.h"
#include "engine/read_traits.h"

namespace fathom::completion {
namespace {

namespace asio = boost::asio;
using engine::GenerateRequest;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kDefaultContext = 8192;  // as the engine's
constexpr int kDefaultSlots = 4;
constexpr int kMaxSlots = 8;
constexpr milliseconds kCancelPeriod{4};  // how often to look who has given up
constexpr int kMaxRetries = 2;
constexpr milliseconds kFirstRetry{100};
constexpr std::chrono::seconds kLongestRetry{5};
constexpr size_t kMaxEventBytes = 4 << 20;
constexpr size_t kMaxBytesBehind = 64 << 10;  // the last token that was asked for
constexpr size_t kMaxTokenBytes = 16 << 10;   // of a bearer token

/// The token that a server wants, or "".
Result<std::string> read_token(const RemoteServer& server) {
  std::string token;
  if (!server.token_file.empty()) {
    FATHOM_TRY(text, read_text_file(expand_home(server.token_file), kMaxTokenBytes));
    token = std::move(text);
  } else if (const char* variable = std::getenv("FATHOM_REMOTE_TOKEN")) {
    token = variable;
  }
  const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!token.empty() && is_blank(token.back())) token.pop_back();
  const bool is_header_text =
      std::ranges::all_of(token, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (!is_header_text)
    return fail(ErrorCode::invalid_argument,
                "the server's token has a blank or a strange character");
  return token;
}

Result<HttpSettings> settings_of(const RemoteServer& server) {
  FATHOM_TRY(url, parse_server_url(server.url));
  FATHOM_TRY(token, read_token(server));
  if (url.is_unencrypted() && !server.allow_unencrypted) {
    return fail(ErrorCode::invalid_argument,
                "{} is another machine, and whoever is on the way could read what is sent: use "
                "https, or a tunnel (ssh -L {}:localhost:{} {}) with http://localhost:{}; in a "
                "network that you trust set remote.allow_unencrypted = true",
                url.origin(), url.port, url.port, url.host, url.port);
  }
  if (url.is_unencrypted() && !token.empty()) {
    return fail(ErrorCode::invalid_argument,
                "{}: a token is not sent unencrypted to another machine; use https", url.origin());
  }
  FATHOM_TRY(proxy, proxy_for(url, environment_variable));
  return HttpSettings{.url = url,
                      .token = std::move(token),
                      .ca_file = expand_home(server.ca_file).string(),
                      .client_certificate = expand_home(server.client_certificate).string(),
                      .client_key = expand_home(server.client_key).string(),
                      .proxy = proxy};
}

}  // namespace

class RemoteGenerator::Impl final {
 public:
  explicit Impl(Log& log) : log_(log), idle_(asio::make_work_guard(io_)) {}

  ~Impl() {
    asio::post(io_, [this] {
      stopping_ = true;
      give_up_cancelled();
      idle_.reset();
    });
    thread_.join();
  }

  Status start(const RemoteServer& server, const engine::Checkpoint& vocabulary,
               const RemoteOptions& options) {
    thread_ = std::thread([this] { io_.run(); });
    const Clock::time_point begin = Clock::now();
    FATHOM_TRY(settings, settings_of(server));
    settings.times = options.times;
    FATHOM_TRY(tokenizer, engine::Tokenizer::load(vocabulary));
    tokenizer_ = std::move(tokenizer);
    FATHOM_TRY(traits, engine::read_traits(vocabulary, *tokenizer_, options.force_fim));
    traits_ = std::move(traits);
    origin_ = settings.url.origin();
    on_breaker_ = options.on_breaker;
    FATHOM_TRY(client, HttpClient::create(io_.get_executor(), std::move(settings)));
    client_ = std::move(client);

    std::promise<Result<Discovered>> promise;
    asio::co_spawn(io_, look_around(server.model), [&](std::exception_ptr error, auto found) {
      if (error) found = fathom::fail(ErrorCode::internal, "{} cannot be asked", origin_);
      promise.set_value(std::move(found));
    });
    FATHOM_TRY(found, promise.get_future().get());
    protocol_ = std::move(found.protocol);
    const int wanted = options.context_tokens > 0 ? options.context_tokens : kDefaultContext;
    int context = std::min(wanted, traits_.context_length);
    if (found.context_tokens > 0) context = std::min(context, found.context_tokens);
    n_slots_ = std::clamp(found.n_slots > 0 ? found.n_slots : kDefaultSlots, 1, kMaxSlots);
    info_ = {.backend = "remote",
             .device = fmt::format("{} at {} ({})", found.kind, origin_, found.model),
             .context_tokens = context,
             .ms_load = std::chrono::duration<double, std::milli>(Clock::now() - begin).count()};
    log_.info("{} at {}: {}, a context of {} tokens, {} requests side by side", found.kind, origin_,
              found.model, context, n_slots_);
    return {};
  }

  void submit(GenerateRequest request, OnToken on_token, OnDone on_done) {
    ++n_unfinished_;
    auto work = std::make_shared<Work>(
        RemoteJob(std::move(request), std::move(on_token), std::move(on_done),
                  RemoteJob::Model{.tokenizer = *tokenizer_,
                                   .traits = traits_,
                                   .context_tokens = info_.context_tokens,
                                   .can = protocol_->abilities()}));
    asio::post(io_, [this, work = std::move(work)] {
      waiting_.push_back(work);
      schedule();
    });
  }

  int n_unfinished() const { return n_unfinished_; }
  const engine::Tokenizer& tokenizer() const { return *tokenizer_; }
  const engine::ModelTraits& traits() const { return traits_; }
  const engine::EngineInfo& info() const { return info_; }

  RemoteState state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  struct Work {
    explicit Work(RemoteJob started) : job(std::move(started)) {}

    engine::Priority priority() const { return job.request().priority; }

    RemoteJob job;
    HttpCall* call = nullptr;  // under way
    bool makes_way = false;    // for something more urgent
    bool is_over = false;      // answered; what still comes is of no use
  };
  using WorkPtr = std::shared_ptr<Work>;

  asio::awaitable<Result<Discovered>> look_around(std::string model) {
    HttpCall call;
    co_return co_await discover(*client_, call, origin_, std::move(model), tokenizer_);
  }

  void end(const WorkPtr& work, Status status) {
    if (std::exchange(work->is_over, true)) return;
    --n_unfinished_;
    if (status) {
      work->job.finish();
    } else {
      work->job.fail(std::move(status.error()));
    }
  }

  void give_up_cancelled() {
    const auto is_cancelled = [this](const WorkPtr& work) {
      return stopping_ || work->job.request().cancel.cancelled();
    };
    for (const WorkPtr& work : std::vector(running_)) {
      if (!is_cancelled(work)) continue;
      end(work, fathom::fail(ErrorCode::cancelled, "cancelled"));
      if (work->call) work->call->abort();
    }
    for (const WorkPtr& work : std::vector(waiting_))
      if (is_cancelled(work)) end(work, fathom::fail(ErrorCode::cancelled, "cancelled"));
    std::erase_if(waiting_, [](const WorkPtr& work) { return work->is_over; });
  }

  /// Looks who has given up, while there is someone: a token calls nobody.
  asio::awaitable<void> watch() {
    asio::steady_timer timer(io_);
    while (!running_.empty() || !waiting_.empty()) {
      timer.expires_after(kCancelPeriod);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      schedule();
    }
    is_watching_ = false;
  }

  void schedule() {
    give_up_cancelled();
    while (!waiting_.empty()) {
      const auto next = std::ranges::min_element(waiting_, {}, &Work::priority);
      if (std::ssize(running_) >= n_slots_) {
        make_way_for(**next);
        break;
      }
      const WorkPtr work = *next;
      waiting_.erase(next);
      running_.push_back(work);
      asio::co_spawn(io_, run(work), [this, work](const std::exception_ptr& error) {
        if (error) end(work, fathom::fail(ErrorCode::internal, "{}: out of memory", origin_));
        std::erase(running_, work);
        if (!work->is_over) waiting_.push_back(work);
        schedule();
      });
    }
    if ((running_.empty() && waiting_.empty()) || std::exchange(is_watching_, true)) return;
    asio::co_spawn(io_, watch(), asio::detached);
  }

  void make_way_for(const Work& urgent) {
    const auto least = std::ranges::max_element(running_, {}, &Work::priority);
    const bool is_coming = std::ranges::any_of(running_, &Work::makes_way);
    if (is_coming || (*least)->priority() <= urgent.priority() || !(*least)->call) return;
    (*least)->makes_way = true;
    (*least)->call->abort();
  }

  /// Asks until the text is complete, or someone else is more urgent.
  asio::awaitable<void> run(WorkPtr work) {
    work->makes_way = false;
    while (!work->is_over && !work->makes_way && !work->job.finished()) {
      Result<Ask> ask = work->job.next();
      if (!ask) co_return end(work, tl::unexpected(std::move(ask.error())));
      const Status answered = co_await ask_server(work, *ask);
      if (!answered) co_return end(work, tl::unexpected(answered.error()));
    }
    if (!work->makes_way || work->job.finished()) end(work, {});
  }

  /// Sends, again if that is safe, and lets the job take what comes.
  asio::awaitable<Status> ask_server(WorkPtr work, const Ask& ask) {
    HttpCall call;
    work->call = &call;
    Status status = co_await ask_server(work, ask, call);
    work->call = nullptr;
    co_return status;
  }

  asio::awaitable<Status> ask_server(WorkPtr work, const Ask& ask, HttpCall& call) {
    for (int attempt = 0;; ++attempt) {
      if (!breaker_.allow(Clock::now())) co_return tl::unexpected(left_alone());
      publish(state().problem);  // it may be finding out now
      Reading reading(*this, work);
      const HttpRequest request{.path = protocol_->path(ask), .body = protocol_->body(ask)};
      HttpClient::OnBody on_body;
      if (ask.stream)
        on_body = [&reading](std::string_view bytes) { return reading.stream(bytes); };
      HttpResult result = co_await client_->send(request, call, on_body);
      if (call.aborted()) {
        note_abandoned();
        co_return Status();
      }
      if (result && result->status == 200) {
        note_success();
        if (!ask.stream) reading.whole(result->body);
        co_return reading.end();
      }
      const Error error = result ? status_error(origin_, *result) : std::move(result.error().error);
      const bool is_busy = result && (result->status == 429 || result->status == 503);
      const bool is_unheard = !result && !result.error().answered && !result.error().timed_out;
      if (!result || (result->status >= 500 && !is_busy)) {
        note_failure(error);
      } else {
        note_success();  // it is there, and says no
      }
      if (!(is_busy || is_unheard) || attempt == kMaxRetries) co_return tl::unexpected(error);
      milliseconds pause = kFirstRetry * (1 << attempt);
      if (is_busy && result->retry_after)
        pause = std::max<milliseconds>(pause, *result->retry_after);
      if (pause > kLongestRetry) co_return tl::unexpected(error);
      // Not all who were refused together come back together.
      pause += milliseconds(std::uniform_int_distribution<int>(0, int(pause.count()) / 2)(random_));
      log_.debug("{}; trying again in {} ms", error.message, pause.count());
      co_await client_->pause(pause, call);
      if (call.aborted()) co_return Status();
    }
  }

  /// What comes of one answer.
  class Reading final {
   public:
    Reading(Impl& impl, WorkPtr work) : impl_(impl), work_(std::move(work)) {}

    HttpClient::Take stream(std::string_view bytes) {
      bool is_progress = false;
      const Status parsed = events_.feed(bytes, [&](std::string_view, std::string_view data) {
        is_progress = true;
        take(data);
      });
      if (!parsed && error_.message.empty()) error_ = parsed.error();
      if (!error_.message.empty()) return HttpClient::Take::enough;
      // What comes behind the last token is short, and then the connection can be used again.
      if (is_at_end()) n_behind_ += bytes.size();
      const bool is_enough = refused_ && !done_ && (!is_at_end() || n_behind_ > kMaxBytesBehind);
      if (is_enough) return HttpClient::Take::enough;
      return is_progress ? HttpClient::Take::progress : HttpClient::Take::more;
    }

    void whole(std::string_view body) { take(body); }

    Status end() {
      if (!error_.message.empty()) return tl::unexpected(error_);
      RemoteJob& job = work_->job;
      if (ended_ && !refused_) {
        job.ended();
      } else if (!refused_) {
        job.answered();
      }
      return {};
    }

   private:
    /// It has all the tokens that were asked for.
    bool is_at_end() const {
      return work_->job.finished() && work_->job.n_generated() >= work_->job.request().max_tokens;
    }

    void take(std::string_view data) {
      if (refused_ || done_ || !error_.message.empty() || work_->is_over) return;
      Result<ServerReply> reply = impl_.protocol_->read(data);
      if (!reply) {
        error_ = std::move(reply.error());
        error_.message = fmt::format("{}: {}", impl_.origin_, error_.message);
        return;
      }
      done_ = reply->done;
      ended_ |= reply->ended;
      RemoteJob& job = work_->job;
      const bool begins = !reply->tokens.empty() || !reply->reasoning.empty() || reply->done;
      if (begins) job.begin(reply->reused_tokens);
      if (!reply->reasoning.empty() && !job.take_reasoning(reply->reasoning)) refused_ = true;
      for (const ServerToken& token : reply->tokens) {
        const Result<bool> goes_on = job.take(token);
        if (!goes_on) {
          error_ = goes_on.error();
          error_.message = fmt::format("{}: {}", impl_.origin_, error_.message);
          return;
        }
        if (!*goes_on) {
          refused_ = true;
          if (is_at_end()) impl_.end(work_, {});  // what still comes makes nobody wait
          return;
        }
      }
    }

    Impl& impl_;
    const WorkPtr work_;
    SseParser events_{kMaxEventBytes};
    Error error_;
    size_t n_behind_ = 0;   // bytes behind the last token
    bool refused_ = false;  // the job wants nothing more of this answer
    bool done_ = false;
    bool ended_ = false;
  };

  Error left_alone() const {
    return {ErrorCode::io,
            fmt::format("{} was left alone for a while after it failed again and again, lastly: {}",
                        origin_, state().problem)};
  }

  void note_success() {
    breaker_.succeeded();
    publish("");
  }
  void note_failure(const Error& error) {
    breaker_.failed(Clock::now());
    publish(error.message);
    if (breaker_.state() == CircuitBreaker::State::open)
      log_.warning("{}; it is left alone for a while", error.message);
  }
  void note_abandoned() {
    breaker_.abandoned();
    publish(state().problem);
  }
  void publish(std::string problem) {
    bool has_changed = false;
    {
      const std::lock_guard lock(mutex_);
      has_changed = state_.breaker != breaker_.state();
      state_ = {.breaker = breaker_.state(),
                .retry_at = breaker_.retry_at(),
                .problem = std::move(problem)};
    }
    if (has_changed && on_breaker_) on_breaker_();
  }

  Log& log_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> idle_;
  std::string origin_;
  std::function<void()> on_breaker_;
  std::shared_ptr<const engine::Tokenizer> tokenizer_;
  engine::ModelTraits traits_;
  engine::EngineInfo info_;
  std::unique_ptr<Protocol> protocol_;
  int n_slots_ = 1;
  std::atomic<int> n_unfinished_ = 0;

  // The thread of io_ only.
  std::unique_ptr<HttpClient> client_;
  CircuitBreaker breaker_;
  std::vector<WorkPtr> waiting_;
  std::vector<WorkPtr> running_;
  bool is_watching_ = false;
  bool stopping_ = false;
  std::minstd_rand random_{std::random_device()()};

  mutable std::mutex mutex_;
  RemoteState state_;  // guarded by mutex_

  std::thread thread_;  // last: uses everything above
};

RemoteGenerator::RemoteGenerator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RemoteGenerator::~RemoteGenerator() = default;

Result<std::unique_ptr<RemoteGenerator>> RemoteGenerator::connect(
    const RemoteServer& server, const engine::Checkpoint& vocabulary, const RemoteOptions& options,
    Log& log) {
  auto impl = std::make_unique<Impl>(log);
  FATHOM_CHECK(impl->start(server, vocabulary, options));
  return std::unique_ptr<RemoteGenerator>(new RemoteGenerator(std::move(impl)));
}

void RemoteGenerator::submit(GenerateRequest request, OnToken on_token, OnDone on_done) {
  impl_->submit(std::move(request), std::move(on_token), std::move(on_done));
}

int RemoteGenerator::n_unfinished() const { return impl_->n_unfinished(); }
const engine::Tokenizer& RemoteGenerator::tokenizer() const { return impl_->tokenizer(); }
const engine::ModelTraits& RemoteGenerator::traits() const { return impl_->traits(); }
const engine::EngineInfo& RemoteGenerator::info() const { return impl_->info(); }
RemoteState RemoteGenerator::state() const { return impl_->state(); }

}  // namespace fathom::completion
