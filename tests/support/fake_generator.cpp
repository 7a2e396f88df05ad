#include "tests/support/fake_generator.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/queue.h"

namespace fathom::test {
namespace {

using engine::GenerateRequest;
using engine::GenerateResult;
using engine::SpecialRole;
using engine::StopReason;
using engine::TokenId;
using engine::Tokenizer;

std::shared_ptr<const Tokenizer> load_tiny_tokenizer() {
  auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
  if (!tokenizer) {
    std::fprintf(stderr, "FakeGenerator: %s\n", tokenizer.error().message.c_str());
    std::abort();  // a test without its data has no result
  }
  return *std::move(tokenizer);
}

/// One for all generators: fuzzers make thousands of them.
const std::shared_ptr<const Tokenizer>& tiny_tokenizer() {
  static const std::shared_ptr<const Tokenizer> tokenizer = load_tiny_tokenizer();
  return tokenizer;
}

engine::ModelTraits make_traits(const Tokenizer& tokenizer, const FakeGenerator::Options& options) {
  engine::ModelTraits traits{
      .name = "scripted",
      .architecture = "fake",
      .context_length = options.context_length,
      .vocab_size = tokenizer.vocab_size(),
      .adds_bos = true,
      .bos = tokenizer.special(SpecialRole::bos).value(),
      .end_tokens = {tokenizer.special(SpecialRole::eos).value()},
      .fim = std::nullopt,
      .fim_refusal = options.fim_refusal,
      .chat = std::nullopt,
  };
  if (options.has_fim) {
    traits.fim = engine::FimTraits{.begin = tokenizer.special(SpecialRole::fim_begin).value(),
                                   .hole = tokenizer.special(SpecialRole::fim_hole).value(),
                                   .end = tokenizer.special(SpecialRole::fim_end).value(),
                                   .line_anchored = options.line_anchored};
  }
  if (options.has_chat) {
    traits.chat =
        engine::ChatTraits{.format = engine::ChatFormat::r1_distill,
                           .reasoning = engine::Reasoning::always,
                           .think_begin = tokenizer.special(SpecialRole::think_begin).value(),
                           .think_end = tokenizer.special(SpecialRole::think_end).value()};
  }
  return traits;
}

}  // namespace

class FakeGenerator::Impl {
 public:
  explicit Impl(Options options)
      : tokenizer(tiny_tokenizer()), traits(make_traits(*tokenizer, options)) {
    if (options.threads) {
      thread = std::jthread([this] {
        while (auto job = jobs.pop()) run(*job);
      });
    }
  }

  ~Impl() {
    stopping.cancel();
    jobs.close();
  }

  struct Job {
    GenerateRequest request;
    FakeAnswer answer;
    OnToken on_token;
    OnDone on_done;
  };

  void submit(GenerateRequest request, OnToken on_token, OnDone on_done) {
    Job job{std::move(request), {}, std::move(on_token), std::move(on_done)};
    ++n_unfinished;
    {
      const std::lock_guard lock(mutex);
      requests.push_back(job.request);
      if (!answers.empty()) {
        job.answer = std::move(answers.front());
        answers.pop_front();
      }
    }
    if (thread.joinable()) {
      jobs.push(std::move(job));
    } else {
      run(job);
    }
  }

  void run(Job& job) {
    {
      const std::lock_guard lock(mutex);
      ++n_started;
    }
    changed.notify_all();
    Result<GenerateResult> result = generate(job);
    --n_unfinished;
    job.on_done(std::move(result));
  }

  Result<GenerateResult> generate(Job& job) {
    const GenerateRequest& request = job.request;
    GenerateResult result{.stop = StopReason::end_token,
                          .prompt_tokens = static_cast<int>(request.prompt.size())};
    std::vector<TokenId> script;
    tokenizer->encode_with_special(request.forced_prefix + job.answer.text, script);
    wait_if_held(job);
    for (const TokenId token : script) {
      if (cancelled(job)) break;
      if (static_cast<int>(result.tokens.size()) == request.max_tokens) {
        result.stop = StopReason::max_tokens;
        break;
      }
      std::this_thread::sleep_for(job.answer.delay_per_token);
      result.tokens.push_back(token);
      result.mean_logprob = job.answer.logprob;
      const bool go_on = !job.on_token || job.on_token({.id = token,
                                                        .bytes = tokenizer->bytes(token),
                                                        .logprob = job.answer.logprob});
      if (!go_on) {
        result.stop = StopReason::callback;
        break;
      }
    }
    if (cancelled(job)) return fail(ErrorCode::cancelled, "cancelled");
    if (job.answer.fails) return fail(ErrorCode::internal, "the script says so");
    return result;
  }

  void wait_if_held(const Job& job) {
    std::unique_lock lock(mutex);
    // Cancelling wakes nobody, so look at the token every millisecond.
    while (job.answer.hold && !released && !cancelled(job)) {
      changed.wait_for(lock, std::chrono::milliseconds(1));
    }
  }

  bool cancelled(const Job& job) const {
    return job.request.cancel.cancelled() || stopping.token().cancelled();
  }

  const std::shared_ptr<const Tokenizer> tokenizer;
  const engine::ModelTraits traits;
  CancelSource stopping;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<FakeAnswer> answers;         // guarded by mutex
  std::vector<GenerateRequest> requests;  // guarded by mutex
  bool released = false;                  // guarded by mutex
  int n_started = 0;                      // guarded by mutex

  std::atomic<int> n_unfinished = 0;
  Queue<Job> jobs;
  std::jthread thread;  // last: it uses everything above
};

FakeGenerator::FakeGenerator(Options options) : impl_(std::make_unique<Impl>(options)) {}
FakeGenerator::~FakeGenerator() = default;

void FakeGenerator::answer(FakeAnswer answer) {
  const std::lock_guard lock(impl_->mutex);
  impl_->answers.push_back(std::move(answer));
}

void FakeGenerator::release() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->released = true;
  }
  impl_->changed.notify_all();
}

void FakeGenerator::wait_for_started(int n) {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->n_started >= n; });
}

std::vector<GenerateRequest> FakeGenerator::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::string FakeGenerator::prompt_text(size_t request) const {
  const std::vector<TokenId> prompt = requests().at(request).prompt;
  std::string text;
  for (const TokenId token : prompt) text += tokenizer().bytes(token);
  return text;
}

void FakeGenerator::submit(GenerateRequest request, OnToken on_token, OnDone on_done) {
  impl_->submit(std::move(request), std::move(on_token), std::move(on_done));
}

int FakeGenerator::n_unfinished() const { return impl_->n_unfinished; }
const Tokenizer& FakeGenerator::tokenizer() const { return *impl_->tokenizer; }
const engine::ModelTraits& FakeGenerator::traits() const { return impl_->traits; }

}  // namespace fathom::test
