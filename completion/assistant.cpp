// Life of a completion: complete() cancels the older one of the document and posts the request to
// the context thread. There it is answered at once (no sense here, or known from the cache), or
// planned and handed to the generator as a CompletionJob. What comes of it is kept in the cache and
// told to on_done, on the generator's thread.

#include "completion/assistant.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "completion/active_requests.h"
#include "completion/completion_job.h"
#include "completion/completion_plan.h"
#include "completion/context/cross_file.h"
#include "completion/counters.h"
#include "completion/decide.h"
#include "completion/document.h"
#include "completion/explain_job.h"
#include "completion/privacy/masked.h"
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
        worker_(options.threads),
        long_worker_(options.threads) {}

  ~Impl() { active_.cancel_all_and_wait(); }

  void complete(CompletionRequest request, OnUpdate on_update, OnCompletion on_done) {
    const auto ticket = active_.begin_latest(request.snapshot->id(), request.cancel);
    request.cancel = ticket.cancel;
    request.n = std::clamp(request.n, 1, kMaxSuggestions);
    post({.request = std::move(request),
          .purpose = Purpose::answer,
          .id = ticket.id,
          .on_update = counting_early(std::move(on_update)),
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

  void run(uint64_t client, const CancelToken& cancel, Work work) {
    const auto ticket = active_.begin({.client = client}, cancel);
    long_worker_.post([this, ticket, work = std::move(work)] {
      work({.generator = generator_,
            .context_tokens = max_request_tokens_,
            .cancel = ticket.cancel});
      active_.end(ticket.id);
    });
  }

  bool busy() const { return active_.any_wanted(); }
  engine::Generator& generator() const { return generator_; }

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
  struct Asked {
    CompletionRequest request;
    Purpose purpose = Purpose::answer;
    uint64_t id = 0;
    OnUpdate on_update;  // may be empty
    OnCompletion finish;
    Clock::time_point start = Clock::now();
  };

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

  OnUpdate counting_early(OnUpdate on_update) const {
    if (!counters_ || !on_update) return on_update;
    return [counters = counters_, on_update = std::move(on_update),
            is_first = true](const Completion& partial) mutable {
      if (std::exchange(is_first, false)) counters->add_early();
      on_update(partial);
    };
  }

  // Context thread: looking for secrets takes longer than the caller may wait.
  void start_explaining(ExplainRequest request, const OnDelta& on_delta,
                        const OnExplanation& finish) {
    if (is_secret_file(request.snapshot->path) || is_secret_file(request.snapshot->uri)) {
      return finish(fail(ErrorCode::unsupported,
                         "{} is a file that holds credentials: no model is shown its text",
                         request.snapshot->path));
    }
    const Masked masked = mask(request.snapshot, secrets_);
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
    const auto ticket = active_.begin_speculation(request.snapshot->id(), purpose, after);
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
    if (asked.purpose != Purpose::answer && (!active_.is_alone(asked.id) || !may_speculate_()))
      return asked.finish(nothing_by("busy", cursor));
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
    if (!rule.empty()) return asked.finish(nothing_by(rule, cursor));
    if (std::optional<Completion> known = cache_.find(snapshot, cursor, request.n)) {
      known->ms_total = ms_since(asked.start);
      look_ahead(asked, *known);
      return asked.finish(*std::move(known));
    }
    generate(asked);
  }

  void generate(const Asked& asked) {
    CompletionRequest request = asked.request;
    const SnapshotPtr original = request.snapshot;
    const Masked masked = mask(original, secrets_);
    if (masked.hides(request.cursor)) return asked.finish(nothing_by("secret", request.cursor));
    request.snapshot = masked.snapshot;
    int masked_secrets = masked.n_secrets() + mask_files(request.related, secrets_);
    Document* document = documents_.find(*original);
    std::span<const CrossFilePiece> pieces;
    if (document) {
      pieces = cross_file_.pieces_for(request, *document, generator_.tokenizer(),
                                      cross_file_tokens(max_request_tokens_));
    }
    for (const CrossFilePiece& piece : pieces) masked_secrets += piece.masked_secrets;
    CompletionPlan plan = plan_completion(request, document, pieces, generator_.traits(),
                                          generator_.tokenizer(), max_request_tokens_);
    plan.snapshot = original;
    log_.debug("completion at {}:{}: {} prompt tokens, planned in {:.2f} ms", original->path,
               request.cursor, plan.generate.prompt.size(), ms_since(asked.start));
    const auto job = std::make_shared<CompletionJob>(
        generator_, secrets_, std::move(plan),
        CompletionOrder{.n = request.n,
                        .purpose = asked.purpose,
                        .cancel = request.cancel,
                        .masked_secrets = masked_secrets,
                        .on_update = asked.on_update,
                        .update_interval = update_interval_,
                        .start = asked.start},
        [this, asked](Result<Completion> completion) { generated(asked, std::move(completion)); });
    job->start();
  }

  // Generator's thread.
  void generated(const Asked& asked, Result<Completion> completion) {
    if (!completion) return asked.finish(std::move(completion));
    const CompletionRequest& request = asked.request;
    // Right for the text it was made for, whoever still waits for it.
    cache_.add(*request.snapshot, request.cursor, *completion, request.n);
    if (request.cancel.cancelled()) return asked.finish(fail(ErrorCode::cancelled, "cancelled"));
    look_ahead(asked, *completion);
    asked.finish(std::move(completion));
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
  Worker long_worker_;    // last: as above
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

void Assistant::run(uint64_t client, const CancelToken& cancel, Work work) {
  impl_->run(client, cancel, std::move(work));
}

void Assistant::close(const DocumentId& document) { impl_->close(document); }

void Assistant::close_client(uint64_t client) { impl_->close_client(client); }

void Assistant::warm_up(CompletionRequest request) { impl_->warm_up(std::move(request)); }

void Assistant::edited(const DocumentId& document) { impl_->edited(document); }

engine::Generator& Assistant::generator() const { return impl_->generator(); }

bool Assistant::busy() const { return impl_->busy(); }

}  // namespace fathom::completion
