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
#include "engine/kv_memory.h"
#include "engine/read_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::engine {
namespace {

// What a request may use unless more is asked for: beyond this, keys and values of a large model
// take more memory than people expect of an editor's helper.
constexpr int kDefaultContext = 8192;
constexpr uint64_t kDefaultCacheBytes = uint64_t{1} << 30;
// Of host memory, for what a device's cache has no room for any more: some 70,000 tokens of
// DeepSeek-Coder-V2-Lite.
constexpr uint64_t kSpillBytes = uint64_t{2} << 30;
constexpr uint64_t kMegabyte = 1'000'000;

// Rows that a step may have beyond a prefill chunk: decoding jobs and their drafts.
constexpr int kDecodeRows = 16;

// A context in which fathom's prompts still make sense.
constexpr int kMinContext = 1024;

/// Before anything is loaded. Errors: out_of_memory.
Status check_weights_fit(const Checkpoint& checkpoint, uint64_t memory_bytes) {
  if (memory_bytes == 0 || checkpoint.size_bytes() < memory_bytes) return {};
  return fail(ErrorCode::out_of_memory,
              "{}: its weights take {} MB, and the limit for this model is {} MB: raise the limit "
              "or take a smaller model",
              checkpoint.source(), checkpoint.size_bytes() / kMegabyte + 1,
              memory_bytes / kMegabyte);
}

/// Shrinks the KV cache, and if that is not enough the context, to what the limit leaves beside the
/// weights. Errors: out_of_memory.
Status fit_cache(Engine::Limits& limits, const Checkpoint& checkpoint, uint64_t bytes_per_token,
                 uint64_t memory_bytes) {
  if (memory_bytes == 0) return {};
  const uint64_t room = memory_bytes - checkpoint.size_bytes();
  const auto affordable = static_cast<int64_t>(room / std::max<uint64_t>(1, bytes_per_token));
  const int least = std::min(limits.context_tokens, kMinContext);
  if (affordable <= least) {
    return fail(ErrorCode::out_of_memory,
                "{}: needs {} MB with a context of {} tokens, and the limit for this model is {} "
                "MB: raise the limit or take a smaller model",
                checkpoint.source(),
                (checkpoint.size_bytes() + (least + 1) * bytes_per_token) / kMegabyte + 1, least,
                memory_bytes / kMegabyte);
  }
  limits.cache_tokens = static_cast<int>(std::min<int64_t>(limits.cache_tokens, affordable));
  limits.context_tokens = std::min(limits.context_tokens, limits.cache_tokens - 1);
  return {};
}

Engine::Limits limits_for(const EngineOptions& options, const Model& model, int context_length) {
  Engine::Limits limits;
  limits.context_tokens = options.context_tokens > 0
                              ? std::min(options.context_tokens, context_length)
                              : std::min(kDefaultContext, context_length);
  const auto affordable = static_cast<int64_t>(kDefaultCacheBytes /
                                               std::max<uint64_t>(1, cache_bytes_per_token(model)));
  const int64_t wanted = options.cache_tokens > 0
                             ? options.cache_tokens
                             : std::min<int64_t>(2 * limits.context_tokens, affordable);
  // One request always fits, with a slot for a draft.
  limits.cache_tokens = static_cast<int>(std::max<int64_t>(wanted, limits.context_tokens + 1));
  limits.prefill_chunk = model.max_batch() - kDecodeRows;
  limits.speculate = options.speculate;
  return limits;
}

/// An engine and what it computes with.
struct LoadedEngine {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Engine> engine;
  Engine::Limits limits;
};

Result<LoadedEngine> load_on(Result<std::unique_ptr<Backend>> made,
                             const std::shared_ptr<const Checkpoint>& checkpoint,
                             const EngineOptions& options, int context_length) {
  FATHOM_TRY(backend, std::move(made));
  const ModelOptions model_options = {
      .max_batch = (options.prefill_chunk > 0 ? options.prefill_chunk : backend->prefill_rows()) +
                   kDecodeRows,
      .cache_type = options.cache_type.value_or(default_cache_type(checkpoint->size_bytes())),
      .watch = options.watch};
  FATHOM_TRY(model, load_model(checkpoint, *backend, model_options));
  // The last tensor may have changed while it was read, and then its bytes mean nothing.
  for (const MappedFile& file : checkpoint->files())
    if (!file.is_intact())
      return fail(ErrorCode::io, "{}: was changed while it was loaded; try again when it is whole",
                  file.path().string());
  Engine::Limits limits = limits_for(options, *model, context_length);
  FATHOM_CHECK(fit_cache(limits, *checkpoint, cache_bytes_per_token(*model), options.memory_bytes));
  // A limit is one for all memory.
  if (!backend->has_host_memory() && options.memory_bytes == 0) limits.spill_bytes = kSpillBytes;
  FATHOM_TRY(engine, Engine::create(std::move(model), *backend, limits, options.trace));
  return LoadedEngine{std::move(backend), std::move(engine), limits};
}

/// Of the routed experts in the file.
uint64_t expert_bytes(const Checkpoint& checkpoint) {
  uint64_t n_bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    const bool is_experts = tensor.name.find("_exps.") != std::string::npos ||
                            tensor.name.find(".experts.") != std::string::npos;
    if (is_experts) n_bytes += tensor.bytes.size();
  }
  return n_bytes;
}

/// A guess of what a model needs on a GPU besides its weights: KV cache, scratch, the driver.
constexpr uint64_t kGpuReserveBytes = uint64_t{2} << 30;

/// Where nobody named a backend, the processor takes what the GPU has no room for, or cannot do.
Result<LoadedEngine> load_where_it_fits(const std::shared_ptr<const Checkpoint>& checkpoint,
                                        const EngineOptions& options, int context_length,
                                        Log& log) {
  const BackendOptions how = {.n_threads = options.n_threads, .pack_first = options.pack_first};
  const auto load = [&](Result<std::unique_ptr<Backend>> backend) {
    return load_on(std::move(backend), checkpoint, options, context_length);
  };
  const std::vector<std::string> names = available_backends();
  if (options.backend != "auto" || names.front() != "cuda")
    return load(make_backend(options.backend, how));

  const auto is_device_error = [](const Result<LoadedEngine>& loaded) {
    return !loaded && (loaded.error().code == ErrorCode::out_of_memory ||
                       loaded.error().code == ErrorCode::device_lost);
  };
  auto loaded = load(make_backend("cuda", how));
  if (!is_device_error(loaded)) return loaded;
  if (const uint64_t experts = expert_bytes(*checkpoint); experts > 0) {
    log.warning("computing some experts on the processor: {}", loaded.error().message);
    const uint64_t others = checkpoint->size_bytes() - experts + kGpuReserveBytes;
    loaded = load(make_split_backend(experts, others, how));
    if (!is_device_error(loaded)) return loaded;
  }
  log.warning("computing on the processor: {}", loaded.error().message);
  return load(make_backend(names[1], how));
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
  void start(std::unique_ptr<Backend> backend, std::unique_ptr<Engine> engine, bool threads) {
    backend_ = std::move(backend);
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
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Engine> engine_;  // uses backend_
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
  auto& [backend, engine, limits] = loaded;

  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - started;
  impl->info = {.backend = std::string(backend->name()),
                .device = backend->description(),
                .model = engine->model().size(),
                .context_tokens = limits.context_tokens,
                .cache_tokens = limits.cache_tokens,
                .ms_load = elapsed.count(),
                .weight_bytes = checkpoint->size_bytes(),
                .cache_bytes = engine->cache_bytes()};
  log.info("loaded {} ({}) on {} ({}) in {:.0f} ms", impl->traits.name, impl->traits.architecture,
           impl->info.backend, impl->info.device, impl->info.ms_load);
  impl->start(std::move(backend), std::move(engine), options.threads);
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
