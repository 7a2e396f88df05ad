#include "engine/engine_thread.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "engine/base/queue.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "engine/load_where_it_fits.h"
#include "engine/read_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

constexpr uint64_t kMegabyte = 1'000'000;

/// Before anything is loaded. Errors: out_of_memory.
Status check_weights_fit(const Checkpoint& checkpoint, uint64_t memory_bytes) {
  if (memory_bytes == 0 || checkpoint.size_bytes() < memory_bytes) return {};
  return fail(ErrorCode::out_of_memory,
              "{}: its weights take {} MB, and the limit for this model is {} MB: raise the limit "
              "or take a smaller model",
              checkpoint.source(), checkpoint.size_bytes() / kMegabyte + 1,
              memory_bytes / kMegabyte);
}

}  // namespace

class EngineThread::Impl final {
 public:
  /// What crosses to the engine thread: a job, or a call.
  struct Message {
    std::unique_ptr<Job> job;
    std::function<void(Engine&)> call;
  };

  std::shared_ptr<const Tokenizer> tokenizer;
  ModelTraits traits;
  EngineInfo info;

  /// Everything is loaded; begins to work.
  void start(std::vector<std::unique_ptr<Backend>> backends, std::unique_ptr<Engine> engine,
             bool threads) {
    backends_ = std::move(backends);
    engine_ = std::move(engine);
    threads_ = threads;
    if (threads_) thread_ = std::jthread([this] { run(); });
  }

  ~Impl() {
    messages_.close();
    if (engine_) engine_->stop_soon();
  }

  std::unique_ptr<Job> make_job(GenerateRequest request, OnToken on_token, OnDone on_done) {
    ++n_unfinished_;
    return std::make_unique<Job>(
        std::move(request), std::move(on_token),
        [this, on_done = std::move(on_done)](Result<GenerateResult> result) {
          --n_unfinished_;
          on_done(std::move(result));
        },
        *tokenizer, traits);
  }

  void submit(std::unique_ptr<Job> job) {
    engine_->announce(job->request().priority);
    post({.job = std::move(job)});
  }

  void post(Message message) {
    if (threads_) {
      // Closed: the destructor is at work. Who is called back from there may still submit.
      if (std::optional<Message> refused = messages_.push(std::move(message))) refuse(*refused);
      return;
    }
    handle(std::move(message));
    if (running_inline_) return;  // posted from a callback: the loop below will see it
    running_inline_ = true;
    do {
      engine_->forget_announcements();
    } while (engine_->step());
    running_inline_ = false;
  }

  int n_unfinished() const { return n_unfinished_; }
  EngineStatistics statistics() const { return engine_->statistics(); }

 private:
  static void refuse(Message& message) {
    if (message.job) return message.job->fail({ErrorCode::cancelled, "the engine is stopping"});
  }

  void handle(Message message) {
    if (message.job) {
      engine_->add(std::move(message.job));
    } else {
      message.call(*engine_);
    }
  }

  void run() {
    while (std::optional<Message> first = messages_.pop()) {
      handle(std::move(*first));
      do {
        engine_->forget_announcements();
        while (std::optional<Message> next = messages_.try_pop()) handle(std::move(*next));
      } while (!messages_.closed() && engine_->step());
    }
    engine_->cancel_all();
  }

  Queue<Message> messages_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::unique_ptr<Engine> engine_;  // uses backends_
  bool threads_ = true;
  bool running_inline_ = false;
  std::atomic<int> n_unfinished_ = 0;
  std::jthread thread_;  // last: uses everything above
};

EngineThread::EngineThread(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EngineThread::~EngineThread() = default;

Result<std::unique_ptr<EngineThread>> EngineThread::start(
    std::shared_ptr<const Checkpoint> checkpoint, const EngineOptions& options, Log& log) {
  const auto started = std::chrono::steady_clock::now();
  auto impl = std::make_unique<Impl>();
  FATHOM_TRY(tokenizer, Tokenizer::load(*checkpoint));
  impl->tokenizer = std::move(tokenizer);
  FATHOM_TRY(traits, read_traits(*checkpoint, *impl->tokenizer, options.force_fim));
  impl->traits = std::move(traits);

  FATHOM_CHECK(check_weights_fit(*checkpoint, options.memory_bytes));
  FATHOM_TRY(loaded, load_where_it_fits(checkpoint, options, impl->traits.context_length, log));
  auto& [backends, engine, limits, device] = loaded;

  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - started;
  impl->info = {.backend = std::string(backends.front()->name()),
                .device = device,
                .model = engine->model().size(),
                .context_tokens = limits.context_tokens,
                .cache_tokens = limits.cache_tokens,
                .ms_load = elapsed.count(),
                .weight_bytes = checkpoint->size_bytes(),
                .cache_bytes = engine->cache_bytes()};
  log.info("loaded {} ({}) on {} ({}) in {:.0f} ms", impl->traits.name, impl->traits.architecture,
           impl->info.backend, impl->info.device, impl->info.ms_load);
  impl->start(std::move(backends), std::move(engine), options.threads);
  return std::unique_ptr<EngineThread>(new EngineThread(std::move(impl)));
}

void EngineThread::submit(GenerateRequest request, OnToken on_token, OnDone on_done) {
  impl_->submit(impl_->make_job(std::move(request), std::move(on_token), std::move(on_done)));
}

int EngineThread::n_unfinished() const { return impl_->n_unfinished(); }
EngineStatistics EngineThread::statistics() const { return impl_->statistics(); }
const Tokenizer& EngineThread::tokenizer() const { return *impl_->tokenizer; }
const ModelTraits& EngineThread::traits() const { return impl_->traits; }
const EngineInfo& EngineThread::info() const { return impl_->info; }

Result<std::vector<float>> EngineThread::logits(std::vector<TokenId> tokens) {
  std::vector<float> logits;
  std::promise<Status> promise;
  std::future<Status> done = promise.get_future();
  std::unique_ptr<Job> job = impl_->make_job(
      {.prompt = std::move(tokens), .max_tokens = 1}, nullptr, [&](Result<GenerateResult> result) {
        promise.set_value(result ? Status() : tl::unexpected<Error>(std::move(result.error())));
      });
  job->observe_logits([&](std::span<const float> row) { logits.assign(row.begin(), row.end()); });
  impl_->submit(std::move(job));
  FATHOM_CHECK(done.get());
  return logits;
}

void EngineThread::clear_cache() {
  std::promise<void> cleared;
  impl_->post({.call = [&](Engine& engine) {
    engine.clear_cache();
    cleared.set_value();
  }});
  cleared.get_future().wait();
}

}  // namespace fathom::engine
