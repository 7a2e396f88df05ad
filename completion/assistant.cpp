// Life of a completion: complete() cancels the older one of the document and posts the request to
// the context thread. There it is answered at once (no sense here, or known from the cache), or
// planned and handed to the generator. The generator's thread feeds the stop rules with every
// token and, at the end, makes the suggestion, keeps it in the cache and calls on_done.

#include "completion/assistant.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "completion/completion_plan.h"
#include "completion/decide.h"
#include "completion/document.h"
#include "completion/explain_job.h"
#include "completion/privacy/secret_files.h"
#include "completion/privacy/secret_finder.h"
#include "completion/suggestion_cache.h"
#include "completion/worker.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxContext = 8192;  // of a request; what the engine allows unless told otherwise

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Completion nothing(size_t cursor, std::string_view rule) {
  return {.text = {},
          .replace_begin = cursor,
          .replace_end = cursor,
          .stop = fmt::format("filtered:{}", rule)};
}

/// Requests that are under way: how they are cancelled, superseded and waited for. Any thread.
class ActiveRequests final {
 public:
  struct Ticket {
    uint64_t id = 0;
    CancelToken cancel;  // the request's own wish, or ours
  };

  /// A completion that its client cancels through `own`. It cancels the one that is under way in
  /// its document.
  Ticket begin_latest(const DocumentId& document, const CancelToken& own) {
    const std::lock_guard lock(mutex_);
    const auto [latest, is_first] = latest_.try_emplace(document, last_id_ + 1);
    if (!is_first) cancel(std::exchange(latest->second, last_id_ + 1));
    return add(document, own);
  }

  /// Any number of others may run beside it.
  Ticket begin(const DocumentId& document, const CancelToken& own) {
    const std::lock_guard lock(mutex_);
    return add(document, own);
  }

  void end(uint64_t id) {
    // Notifies under the lock: once it is released, the waiter may destroy this object.
    const std::lock_guard lock(mutex_);
    const auto active = active_.find(id);
    const auto latest = latest_.find(active->second.document);
    if (latest != latest_.end() && latest->second == id) latest_.erase(latest);
    active_.erase(active);
    ended_.notify_all();
  }

  bool any() const {
    const std::lock_guard lock(mutex_);
    return !active_.empty();
  }

  void cancel_latest(const DocumentId& document) {
    const std::lock_guard lock(mutex_);
    const auto latest = latest_.find(document);
    if (latest != latest_.end()) cancel(latest->second);
  }

  void cancel_client(uint64_t client) {
    const std::lock_guard lock(mutex_);
    for (auto& [id, active] : active_)
      if (active.document.client == client) active.source.cancel();
  }

  void cancel_all_and_wait() {
    std::unique_lock lock(mutex_);
    for (auto& [id, active] : active_) active.source.cancel();
    ended_.wait(lock, [this] { return active_.empty(); });
  }

 private:
  struct Active {
    CancelSource source;
    DocumentId document;
  };

  Ticket add(const DocumentId& document, const CancelToken& own) {
    CancelSource source(own);
    active_.emplace(++last_id_, Active{source, document});
    return {last_id_, source.token()};
  }

  void cancel(uint64_t id) {
    if (const auto active = active_.find(id); active != active_.end()) {
      active->second.source.cancel();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  uint64_t last_id_ = 0;  // all guarded by mutex_
  std::map<uint64_t, Active> active_;
  std::map<DocumentId, uint64_t> latest_;  // completion of each document
};

}  // namespace

class Assistant::Impl {
 public:
  Impl(engine::Generator& generator, Log& log, AssistantOptions options)
      : generator_(generator),
        log_(log),
        max_request_tokens_(options.max_prompt_tokens > 0
                                ? options.max_prompt_tokens
                                : std::min(generator.traits().context_length, kMaxContext)),
        trace_(std::move(options.trace)),
        worker_(options.threads) {}

  ~Impl() { active_.cancel_all_and_wait(); }

  void complete(CompletionRequest request, OnCompletion on_done) {
    const auto ticket = active_.begin_latest(request.snapshot->id(), request.cancel);
    request.cancel = ticket.cancel;
    OnCompletion finish = ending(ticket.id, std::move(on_done));
    worker_.post([this, request = std::move(request), finish = std::move(finish),
                  start = Clock::now()] { run(request, finish, start); });
  }

  void explain(ExplainRequest request, OnDelta on_delta, OnExplanation on_done) {
    const auto ticket = active_.begin(request.snapshot->id(), request.cancel);
    request.cancel = ticket.cancel;
    worker_.post([this, request = std::move(request), on_delta = std::move(on_delta),
                  finish = ending(ticket.id, std::move(on_done))] {
      start_explaining(request, on_delta, finish);
    });
  }

  bool busy() const { return active_.any(); }

  void close(const DocumentId& document) {
    active_.cancel_latest(document);
    worker_.post([this, document] {
      documents_.forget(document);
      cache_.forget(document);
    });
  }

  void close_client(uint64_t client) {
    active_.cancel_client(client);
    worker_.post([this, client] {
      documents_.forget_client(client);
      cache_.forget_client(client);
    });
  }

 private:
  /// A completion between the context thread's part and the generator's.
  struct Generating {
    CompletionPlan plan;
    CancelToken cancel;
    OnCompletion finish;
    Clock::time_point start;
    int masked_secrets = 0;
    double ms_first_token = 0;
  };

  /// A document as the model may see it.
  struct Masked {
    SnapshotPtr snapshot;  // with secrets masked; the original one if there are none
    std::vector<Secret> secrets;

    int n_secrets() const { return static_cast<int>(secrets.size()); }
    bool hides(size_t cursor) const {
      return std::any_of(secrets.begin(), secrets.end(), [cursor](const Secret& secret) {
        return secret.begin < cursor && cursor <= secret.end;
      });
    }
  };

  Masked mask(const SnapshotPtr& snapshot) const {
    std::vector<Secret> secrets = secrets_.find(snapshot->text);
    if (secrets.empty()) return {.snapshot = snapshot, .secrets = {}};
    Snapshot masked = *snapshot;
    masked.text = with_secrets_masked(masked.text, secrets);
    return {.snapshot = std::make_shared<const Snapshot>(std::move(masked)),
            .secrets = std::move(secrets)};
  }

  /// Leaves out files that hold credentials and masks those in others; returns how many.
  int mask_related(std::vector<SnapshotPtr>& files) const {
    std::erase_if(files, [](const SnapshotPtr& file) {
      return is_secret_file(file->path) || is_secret_file(file->uri);
    });
    int n_secrets = 0;
    for (SnapshotPtr& file : files) {
      const Masked masked = mask(file);
      file = masked.snapshot;
      n_secrets += masked.n_secrets();
    }
    return n_secrets;
  }

  /// `on_done`, then the end of the request.
  template <class Value>
  std::function<void(Result<Value>)> ending(uint64_t id,
                                            std::function<void(Result<Value>)> on_done) {
    return [this, id, on_done = std::move(on_done)](Result<Value> result) {
      on_done(std::move(result));
      active_.end(id);
    };
  }

  // Context thread: looking for secrets takes longer than the caller may wait.
  void start_explaining(ExplainRequest request, const OnDelta& on_delta,
                        const OnExplanation& finish) {
    const Masked masked = mask(request.snapshot);
    request.snapshot = masked.snapshot;
    request.question = with_secrets_masked(request.question, secrets_.find(request.question));
    const auto job = std::make_shared<ExplainJob>(
        generator_, log_, std::move(request), max_request_tokens_,
        [this](std::function<void()> work) { worker_.post(std::move(work)); }, on_delta,
        [masked_secrets = masked.n_secrets(), finish](Result<Explanation> explanation) {
          if (explanation) explanation->masked_secrets = masked_secrets;
          finish(std::move(explanation));
        });
    job->start();
  }

  // Context thread.
  void run(CompletionRequest request, const OnCompletion& finish, Clock::time_point start) {
    const SnapshotPtr original = request.snapshot;
    const Snapshot& snapshot = *original;
    const size_t cursor = request.cursor;
    if (trace_) trace_->add("queue", start, Clock::now(), 0);
    if (request.cancel.cancelled()) return finish(fail(ErrorCode::cancelled, "cancelled"));
    const TraceSpan span(trace_.get(), "context", std::ssize(snapshot.text));
    if (cursor > snapshot.text.size()) {
      return finish(fail(ErrorCode::invalid_argument, "{}: byte {} is behind the end of the text",
                         snapshot.path, cursor));
    }
    if (const engine::ModelTraits& traits = generator_.traits(); !traits.fim_refusal.empty()) {
      return finish(fail(ErrorCode::unsupported,
                         "{} was not trained to fill in the middle: {}. Take a base model, or try "
                         "--force-fim",
                         traits.name, traits.fim_refusal));
    }
    const std::string_view rule = forbidden_by(snapshot, cursor, request.trigger);
    if (!rule.empty()) return finish(nothing(cursor, rule));
    if (std::optional<Completion> known = cache_.find(snapshot, cursor)) {
      known->ms_total = ms_since(start);
      return finish(*std::move(known));
    }

    const Masked masked = mask(original);
    if (masked.hides(cursor)) return finish(nothing(cursor, "secret"));
    request.snapshot = masked.snapshot;
    const int masked_secrets = masked.n_secrets() + mask_related(request.related);
    auto job = std::make_shared<Generating>(
        Generating{.plan = plan_completion(request, documents_.find(snapshot), generator_.traits(),
                                           generator_.tokenizer(), max_request_tokens_),
                   .cancel = request.cancel,
                   .finish = finish,
                   .start = start,
                   .masked_secrets = masked_secrets});
    job->plan.snapshot = original;
    engine::GenerateRequest generate = std::move(job->plan.generate);
    generate.cancel = request.cancel;
    log_.debug("completion at {}:{}: {} prompt tokens, planned in {:.2f} ms", snapshot.path, cursor,
               generate.prompt.size(), ms_since(start));
    generator_.submit(
        std::move(generate),
        [job, &tokenizer = generator_.tokenizer()](const engine::TokenEvent& event) {
          if (job->ms_first_token == 0) job->ms_first_token = ms_since(job->start);
          // A marker in the middle of code (a small model's favourite mistake) ends it.
          if (tokenizer.is_special(event.id)) return false;
          return job->plan.rules.feed(event.bytes);
        },
        [this, job](Result<engine::GenerateResult> result) { generated(*job, std::move(result)); });
  }

  // Generator's thread.
  void generated(Generating& job, Result<engine::GenerateResult> result) {
    if (!result) return job.finish(tl::unexpected(std::move(result.error())));
    Completion completion = finish_completion(job.plan, *result, secrets_);
    completion.masked_secrets = job.masked_secrets;
    // Right for the text it was made for, whoever still waits for it.
    cache_.add(*job.plan.snapshot, job.plan.cursor, completion);
    if (job.cancel.cancelled()) return job.finish(fail(ErrorCode::cancelled, "cancelled"));
    completion.ms_first_token = job.ms_first_token;
    completion.ms_total = ms_since(job.start);
    job.finish(std::move(completion));
  }

  engine::Generator& generator_;
  Log& log_;
  const int max_request_tokens_;
  const std::shared_ptr<Trace> trace_;
  const SecretFinder secrets_;

  // Any thread: these lock inside.
  ActiveRequests active_;
  SuggestionCache cache_;

  Documents documents_;  // context thread only
  Worker worker_;        // last: its thread uses all of the above
};

Assistant::Assistant(engine::Generator& generator, Log& log, AssistantOptions options)
    : impl_(std::make_unique<Impl>(generator, log, options)) {}
Assistant::~Assistant() = default;

void Assistant::complete(CompletionRequest request, OnCompletion on_done) {
  impl_->complete(std::move(request), std::move(on_done));
}

void Assistant::explain(ExplainRequest request, OnDelta on_delta, OnExplanation on_done) {
  impl_->explain(std::move(request), std::move(on_delta), std::move(on_done));
}

void Assistant::close(const DocumentId& document) { impl_->close(document); }

void Assistant::close_client(uint64_t client) { impl_->close_client(client); }

bool Assistant::busy() const { return impl_->busy(); }

}  // namespace fathom::completion
