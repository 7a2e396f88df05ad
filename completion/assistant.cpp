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
#include <span>
#include <utility>

#include <fmt/format.h>

#include "completion/completion_plan.h"
#include "completion/context/cross_file.h"
#include "completion/counters.h"
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

  /// Work that nobody has asked for, which gives way to the next request of its document. Nothing
  /// if there is one already, other than `after`, which is about to end (0: none).
  std::optional<Ticket> begin_speculation(const DocumentId& document, uint64_t after) {
    const std::lock_guard lock(mutex_);
    const auto [latest, is_first] = latest_.try_emplace(document, last_id_ + 1);
    if (closing_ || (!is_first && latest->second != after)) {
      if (is_first) latest_.erase(latest);
      return std::nullopt;
    }
    latest->second = last_id_ + 1;
    const Ticket ticket = add(document, {});
    active_.at(ticket.id).is_speculation = true;
    return ticket;
  }

  bool any_wanted() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(active_, [](const auto& a) { return !a.second.is_speculation; });
  }

  void cancel_speculation(const DocumentId& document) {
    const std::lock_guard lock(mutex_);
    const auto latest = latest_.find(document);
    if (latest == latest_.end()) return;
    const auto active = active_.find(latest->second);
    if (active->second.is_speculation) active->second.source.cancel();
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
    closing_ = true;
    for (auto& [id, active] : active_) active.source.cancel();
    ended_.wait(lock, [this] { return active_.empty(); });
  }

 private:
  struct Active {
    CancelSource source;
    DocumentId document;
    bool is_speculation = false;
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
  bool closing_ = false;
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
        may_speculate_(std::move(options.may_speculate)),
        trace_(std::move(options.trace)),
        counters_(std::move(options.counters)),
        update_interval_(options.update_interval_ms),
        cross_file_(std::move(options.workspaces), secrets_),
        worker_(options.threads) {}

  ~Impl() { active_.cancel_all_and_wait(); }

  void complete(CompletionRequest request, OnUpdate on_update, OnCompletion on_done) {
    const auto ticket = active_.begin_latest(request.snapshot->id(), request.cancel);
    request.cancel = ticket.cancel;
    request.n = std::clamp(request.n, 1, kMaxSuggestions);
    post({.request = std::move(request),
          .purpose = Purpose::answer,
          .id = ticket.id,
          .on_update = std::move(on_update),
          .finish = ending(ticket.id, counting(std::move(on_done)))});
  }

  void warm_up(CompletionRequest request) { speculate(std::move(request), Purpose::warm_up, 0); }

  void edited(const DocumentId& document) { active_.cancel_speculation(document); }

  void explain(ExplainRequest request, OnDelta on_delta, OnExplanation on_done) {
    const auto ticket = active_.begin(request.snapshot->id(), request.cancel);
    request.cancel = ticket.cancel;
    worker_.post([this, request = std::move(request), on_delta = std::move(on_delta),
                  finish = ending(ticket.id, std::move(on_done))] {
      start_explaining(request, on_delta, finish);
    });
  }

  bool busy() const { return active_.any_wanted(); }

  void close(const DocumentId& document) {
    active_.cancel_latest(document);
    worker_.post([this, document] {
      documents_.forget(document);
      cache_.forget(document);
      cross_file_.forget(document);
    });
  }

  void close_client(uint64_t client) {
    active_.cancel_client(client);
    worker_.post([this, client] {
      documents_.forget_client(client);
      cache_.forget_client(client);
      cross_file_.forget_client(client);
    });
  }

 private:
  /// What the result of a request is for.
  enum class Purpose {
    answer,   // someone waits for it
    ahead,    // the cache: it may be asked for soon
    warm_up,  // nobody; its prompt is to be in the KV cache
  };

  struct Asked {
    CompletionRequest request;
    Purpose purpose = Purpose::answer;
    uint64_t id = 0;
    OnUpdate on_update;  // may be empty
    OnCompletion finish;
    Clock::time_point start = Clock::now();
  };

  /// One of the suggestions for a cursor.
  struct Branch {
    CompletionPlan plan;
    double ms_first_token = 0;
    double sum_logprob = 0;
    int n_tokens = 0;
    std::optional<Result<Completion>> done;
  };

  /// A completion between the context thread's part and the generator's.
  struct Generating {
    Asked asked;
    std::vector<Branch> branches;
    size_t n_unfinished = 0;
    int masked_secrets = 0;
    Clock::time_point last_update = asked.start;
  };

  /// A document as the model may see it.
  struct Masked {
    SnapshotPtr snapshot;  // with secrets masked; the original one if there are none
    std::vector<Secret> secrets;

    int n_secrets() const { return static_cast<int>(secrets.size()); }
    bool hides_some_of(size_t begin, size_t end) const {
      return std::any_of(secrets.begin(), secrets.end(), [&](const Secret& secret) {
        return secret.begin < end && begin < secret.end;
      });
    }
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

  OnCompletion counting(OnCompletion on_done) const {
    if (!counters_) return on_done;
    return [counters = counters_, on_done = std::move(on_done)](Result<Completion> result) {
      counters->add(result);
      on_done(std::move(result));
    };
  }

  // Context thread: looking for secrets takes longer than the caller may wait.
  void start_explaining(ExplainRequest request, const OnDelta& on_delta,
                        const OnExplanation& finish) {
    const Masked masked = mask(request.snapshot);
    const bool hides_code = masked.hides_some_of(request.begin, request.end);
    request.snapshot = masked.snapshot;
    request.question = with_secrets_masked(request.question, secrets_.find(request.question));
    const auto job = std::make_shared<ExplainJob>(
        generator_, log_, std::move(request), max_request_tokens_,
        [this](std::function<void()> work) { worker_.post(std::move(work)); }, on_delta,
        [masked_secrets = masked.n_secrets(), hides_code, finish](Result<Explanation> explanation) {
          if (explanation) {
            explanation->masked_secrets = masked_secrets;
            explanation->saw_all = explanation->saw_all && !hides_code;
          }
          finish(std::move(explanation));
        });
    job->start();
  }

  void post(Asked asked) {
    worker_.post([this, asked = std::move(asked)] { run(asked); });
  }

  /// Any thread. `after`: the request that is about to end, or 0.
  void speculate(CompletionRequest request, Purpose purpose, uint64_t after) {
    if (!may_speculate_) return;
    const auto ticket = active_.begin_speculation(request.snapshot->id(), after);
    if (!ticket) return;
    request.cancel = ticket->cancel;
    request.trigger = Trigger::automatic;
    request.n = 1;
    post({.request = std::move(request),
          .purpose = purpose,
          .id = ticket->id,
          .finish = [this, id = ticket->id](const Result<Completion>&) { active_.end(id); }});
  }

  /// Asks for what follows a suggestion, as if it were accepted already: before it is answered, so
  /// that a request that comes then can take this one's place.
  void look_ahead(const Asked& asked, const Completion& completion) {
    if (!may_speculate_ || asked.purpose != Purpose::answer || completion.text.empty()) return;
    Snapshot accepted = *asked.request.snapshot;
    accepted.text.replace(completion.replace_begin,
                          completion.replace_end - completion.replace_begin, completion.text);
    CompletionRequest request = asked.request;
    request.snapshot = std::make_shared<const Snapshot>(std::move(accepted));
    request.cursor = completion.replace_begin + completion.text.size();
    speculate(std::move(request), Purpose::ahead, asked.id);
  }

  // Context thread.
  void run(const Asked& asked) {
    const CompletionRequest& request = asked.request;
    const Snapshot& snapshot = *request.snapshot;
    const size_t cursor = request.cursor;
    if (trace_) trace_->add("queue", asked.start, Clock::now(), 0);
    if (request.cancel.cancelled()) return asked.finish(fail(ErrorCode::cancelled, "cancelled"));
    if (asked.purpose != Purpose::answer && (generator_.n_unfinished() > 0 || !may_speculate_()))
      return asked.finish(nothing(cursor, "busy"));
    const TraceSpan span(trace_.get(), "context", std::ssize(snapshot.text));
    if (cursor > snapshot.text.size()) {
      return asked.finish(fail(ErrorCode::invalid_argument,
                               "{}: byte {} is behind the end of the text", snapshot.path, cursor));
    }
    if (const engine::ModelTraits& traits = generator_.traits(); !traits.fim_refusal.empty()) {
      return asked.finish(fail(ErrorCode::unsupported,
                               "{} was not trained to fill in the middle: {}. Take a base model, "
                               "or try --force-fim",
                               traits.name, traits.fim_refusal));
    }
    const std::string_view rule = forbidden_by(snapshot, cursor, request.trigger);
    if (!rule.empty()) return asked.finish(nothing(cursor, rule));
    if (request.n == 1) {
      if (std::optional<Completion> known = cache_.find(snapshot, cursor)) {
        known->ms_total = ms_since(asked.start);
        look_ahead(asked, *known);
        return asked.finish(*std::move(known));
      }
    }
    generate(asked);
  }

  void generate(const Asked& asked) {
    CompletionRequest request = asked.request;
    const SnapshotPtr original = request.snapshot;
    const Masked masked = mask(original);
    if (masked.hides(request.cursor)) return asked.finish(nothing(request.cursor, "secret"));
    request.snapshot = masked.snapshot;
    int masked_secrets = masked.n_secrets() + mask_related(request.related);
    Document* document = documents_.find(*original);
    std::span<const CrossFilePiece> pieces;
    if (document) {
      pieces = cross_file_.pieces_for(request, *document, generator_.tokenizer(),
                                      cross_file_tokens(max_request_tokens_));
    }
    for (const CrossFilePiece& piece : pieces) masked_secrets += piece.masked_secrets;
    const auto job =
        std::make_shared<Generating>(Generating{.asked = asked, .masked_secrets = masked_secrets});
    for (int i = 0; i < request.n; ++i) {
      job->branches.push_back(
          {.plan = plan_completion(request, document, pieces, generator_.traits(),
                                   generator_.tokenizer(), max_request_tokens_)});
      job->branches.back().plan.snapshot = original;
    }
    log_.debug("completion at {}:{}: {} prompt tokens, planned in {:.2f} ms", original->path,
               request.cursor, job->branches[0].plan.generate.prompt.size(), ms_since(asked.start));
    job->n_unfinished = job->branches.size();
    for (size_t i = 0; i < job->branches.size(); ++i) submit(job, i);
  }

  void submit(const std::shared_ptr<Generating>& job, size_t index) {
    Branch& branch = job->branches[index];
    engine::GenerateRequest generate = std::move(branch.plan.generate);
    generate.first_rank = static_cast<int>(index);
    generate.cancel = job->asked.request.cancel;
    if (job->asked.purpose != Purpose::answer) generate.priority = engine::Priority::speculation;
    if (job->asked.purpose == Purpose::warm_up) generate.max_tokens = 0;
    generator_.submit(
        std::move(generate),
        [this, job, &branch](const engine::TokenEvent& event) {
          return generating(*job, branch, event);
        },
        [this, job, &branch](Result<engine::GenerateResult> result) {
          generated(*job, branch, std::move(result));
        });
  }

  // Generator's thread. Whether to go on.
  bool generating(Generating& job, Branch& branch, const engine::TokenEvent& event) {
    if (branch.ms_first_token == 0) branch.ms_first_token = ms_since(job.asked.start);
    // A marker in the middle of code (a small model's favourite mistake) ends it.
    if (generator_.tokenizer().is_special(event.id)) return false;
    branch.sum_logprob += event.logprob;
    ++branch.n_tokens;
    if (!branch.plan.rules.feed(event.bytes)) return false;
    const bool is_time = job.asked.on_update && &branch == &job.branches[0] &&
                         Clock::now() - job.last_update >= update_interval_;
    if (is_time && !job.asked.request.cancel.cancelled()) update(job);
    return true;
  }

  void update(Generating& job) {
    job.last_update = Clock::now();
    Branch& branch = job.branches[0];
    const auto mean_logprob = static_cast<float>(branch.sum_logprob / branch.n_tokens);
    const bool is_first = branch.plan.shown.empty();
    std::optional<Completion> partial = partial_completion(branch.plan, mean_logprob, secrets_);
    if (!partial) return;
    if (is_first && counters_) counters_->add_early();
    partial->masked_secrets = job.masked_secrets;
    partial->tokens = branch.n_tokens;
    partial->ms_first_token = branch.ms_first_token;
    partial->ms_total = ms_since(job.asked.start);
    job.asked.on_update(*partial);
  }

  // Generator's thread.
  void generated(Generating& job, Branch& branch, Result<engine::GenerateResult> result) {
    if (result && job.asked.purpose != Purpose::warm_up) {
      branch.done = finish_completion(branch.plan, *result, secrets_);
    } else if (result) {
      branch.done = nothing(branch.plan.cursor, "warm_up");
    } else {
      branch.done = tl::unexpected(std::move(result.error()));
    }
    if (--job.n_unfinished == 0) all_generated(job);
  }

  void all_generated(Generating& job) {
    const Asked& asked = job.asked;
    Branch& first = job.branches[0];
    if (!*first.done) return asked.finish(std::move(*first.done));
    Completion completion = std::move(**first.done);
    for (size_t i = 1; i < job.branches.size(); ++i) {
      if (*job.branches[i].done) add_alternative(completion, **job.branches[i].done, job);
    }
    completion.masked_secrets = job.masked_secrets;
    // Right for the text it was made for, whoever still waits for it. Last: the next one that is
    // asked for here gets it, and not an alternative.
    cache_.add(*first.plan.snapshot, first.plan.cursor, completion);
    if (asked.request.cancel.cancelled())
      return asked.finish(fail(ErrorCode::cancelled, "cancelled"));
    completion.ms_first_token = first.ms_first_token;
    completion.ms_total = ms_since(asked.start);
    look_ahead(asked, completion);
    asked.finish(std::move(completion));
  }

  void add_alternative(Completion& completion, const Completion& other, const Generating& job) {
    if (other.text.empty() || other.text == completion.text) return;
    const auto is_same = [&](const Alternative& known) { return known.text == other.text; };
    if (std::ranges::any_of(completion.alternatives, is_same)) return;
    completion.alternatives.push_back({.text = other.text,
                                       .replace_begin = other.replace_begin,
                                       .replace_end = other.replace_end,
                                       .mean_logprob = other.mean_logprob});
    cache_.add(*job.branches[0].plan.snapshot, job.branches[0].plan.cursor, other);
  }

  engine::Generator& generator_;
  Log& log_;
  const int max_request_tokens_;
  const std::function<bool()> may_speculate_;
  const std::shared_ptr<Trace> trace_;
  const std::shared_ptr<Counters> counters_;
  const std::chrono::milliseconds update_interval_;
  const SecretFinder secrets_;

  // Any thread: these lock inside.
  ActiveRequests active_;
  SuggestionCache cache_;

  Documents documents_;   // context thread only
  CrossFile cross_file_;  // context thread only
  Worker worker_;         // last: its thread uses all of the above
};

Assistant::Assistant(engine::Generator& generator, Log& log, AssistantOptions options)
    : impl_(std::make_unique<Impl>(generator, log, options)) {}
Assistant::~Assistant() = default;

void Assistant::complete(CompletionRequest request, OnCompletion on_done) {
  impl_->complete(std::move(request), nullptr, std::move(on_done));
}

void Assistant::complete(CompletionRequest request, OnUpdate on_update, OnCompletion on_done) {
  impl_->complete(std::move(request), std::move(on_update), std::move(on_done));
}

void Assistant::explain(ExplainRequest request, OnDelta on_delta, OnExplanation on_done) {
  impl_->explain(std::move(request), std::move(on_delta), std::move(on_done));
}

void Assistant::close(const DocumentId& document) { impl_->close(document); }

void Assistant::close_client(uint64_t client) { impl_->close_client(client); }

void Assistant::warm_up(CompletionRequest request) { impl_->warm_up(std::move(request)); }

void Assistant::edited(const DocumentId& document) { impl_->edited(document); }

bool Assistant::busy() const { return impl_->busy(); }

}  // namespace fathom::completion
