// The scheduler, on a model whose text depends on every cache row it is shown.

#include "engine/engine.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/reference/reference_backend.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/support/fake_model.h"

namespace fathom::engine {
namespace {

using Tokens = std::vector<TokenId>;

/// Knows how often it was told that no job runs.
class PauseCounter final : public ReferenceBackend {
 public:
  PauseCounter() : ReferenceBackend(/*n_threads=*/1) {}
  void between_jobs() override { ++n_pauses; }
  int n_pauses = 0;
};

class EngineTest : public ::testing::Test {
 protected:
  struct Setup {
    FakeModel::Options model = {};
    int context_tokens = 256;
    int cache_tokens = 512;
    int prefill_chunk = 16;
    double seconds_per_row = 0.01;  // of a step, which takes a second besides
  };

  void SetUp() override {
    auto tokenizer = Tokenizer::load("tests/data/tokenizer-tiny/tokenizer.json");
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    tokenizer_ = *tokenizer;
    traits_.vocab_size = 512;
    traits_.end_tokens = {1};
    start({});
  }

  void start(const Setup& setup) {
    engine_.reset();
    backend_ = std::make_unique<PauseCounter>();
    FakeModel::Options options = setup.model;
    options.on_forward = [this, setup](const Batch& batch) {
      if (setup.model.on_forward) setup.model.on_forward(batch);
      seconds_ += 1 + setup.seconds_per_row * double(batch.tokens.size());
    };
    auto model = std::make_unique<FakeModel>(std::move(options));
    model_ = model.get();
    auto engine = Engine::create(std::move(model), *backend_,
                                 {.context_tokens = setup.context_tokens,
                                  .cache_tokens = setup.cache_tokens,
                                  .prefill_chunk = setup.prefill_chunk,
                                  .clock = [this] { return seconds_; }});
    ASSERT_TRUE(engine);
    engine_ = std::move(*engine);
  }

  /// What became of one request.
  struct Outcome {
    Tokens streamed;
    std::optional<Result<GenerateResult>> result;
    int n_done = 0;
  };

  std::shared_ptr<Outcome> add(GenerateRequest request, int stop_after = 1 << 20) {
    auto outcome = std::make_shared<Outcome>();
    engine_->add(std::make_unique<Job>(
        std::move(request),
        [outcome, stop_after](const TokenEvent& event) {
          outcome->streamed.push_back(event.id);
          return static_cast<int>(outcome->streamed.size()) < stop_after;
        },
        [outcome](Result<GenerateResult> result) {
          outcome->result = std::move(result);
          ++outcome->n_done;
        },
        *tokenizer_, traits_));
    return outcome;
  }

  void run() {
    while (engine_->step()) {
    }
  }

  GenerateResult run_alone(GenerateRequest request) {
    auto outcome = add(std::move(request));
    run();
    EXPECT_EQ(outcome->n_done, 1);
    EXPECT_TRUE(outcome->result->has_value());
    return **outcome->result;
  }

  static Tokens prompt(int seed, int length) {
    Tokens tokens;
    for (int i = 0; i < length; ++i) tokens.push_back(16 + (seed * 31 + i * i * 7) % 400);
    return tokens;
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
  ModelTraits traits_;
  std::unique_ptr<PauseCounter> backend_;
  FakeModel* model_ = nullptr;
  double seconds_ = 0;  // what the engine takes for time
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, TellsTheBackendWhenNoJobRunsAndNotBefore) {
  const auto first = add({.prompt = prompt(1, 40), .max_tokens = 3});
  const auto second = add({.prompt = prompt(2, 40), .max_tokens = 12});
  while (engine_->step()) EXPECT_EQ(backend_->n_pauses, 0);
  EXPECT_EQ(first->n_done + second->n_done, 2);
  EXPECT_EQ(backend_->n_pauses, 1);
}

TEST_F(EngineTest, WritesWhatTheModelWrites) {
  const Tokens p = prompt(1, 40);
  const GenerateResult result = run_alone({.prompt = p, .max_tokens = 12});
  EXPECT_EQ(result.tokens, model_->text_after(p, 12));
  EXPECT_EQ(result.stop, StopReason::max_tokens);
  EXPECT_EQ(result.prompt_tokens, 40);
  EXPECT_EQ(result.reused_tokens, 0);
}

TEST_F(EngineTest, WritesTheSameWhateverTheChunkSize) {
  const Tokens p = prompt(2, 50);
  for (const int chunk : {1, 3, 16, 64}) {
    start({.model = {.max_batch = 80}, .prefill_chunk = chunk});
    EXPECT_EQ(run_alone({.prompt = p, .max_tokens = 8}).tokens, model_->text_after(p, 8)) << chunk;
  }
}

TEST_F(EngineTest, ComputesOnlyWhatIsNewInAPrompt) {
  Tokens p = prompt(3, 60);
  run_alone({.prompt = p, .max_tokens = 4});
  p.push_back(77);
  const int rows_before = model_->n_rows();
  const GenerateResult again = run_alone({.prompt = p, .max_tokens = 1});
  EXPECT_EQ(again.reused_tokens, 60);
  EXPECT_EQ(model_->n_rows() - rows_before, 1);
  EXPECT_EQ(again.tokens, model_->text_after(p, 1));
}

TEST_F(EngineTest, ReusesItsOwnAnswerWhenItBecomesPartOfThePrompt) {
  Tokens p = prompt(4, 20);
  const GenerateResult first = run_alone({.prompt = p, .max_tokens = 10});
  p.insert(p.end(), first.tokens.begin(), first.tokens.end());
  EXPECT_EQ(run_alone({.prompt = p, .max_tokens = 1}).reused_tokens, 29);
}

TEST_F(EngineTest, DecodesSeveralJobsInOneBatchWithoutMixingThem) {
  std::map<int, std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 12; ++i)
    outcomes[i] = add({.prompt = prompt(i, 5 + 3 * i), .max_tokens = 20});
  run();
  for (const auto& [i, outcome] : outcomes) {
    ASSERT_TRUE(outcome->result->has_value());
    EXPECT_EQ((*outcome->result)->tokens, model_->text_after(prompt(i, 5 + 3 * i), 20)) << i;
    EXPECT_EQ(outcome->streamed, (*outcome->result)->tokens);
  }
  EXPECT_LT(model_->n_forwards(), 12 * 20);
}

TEST_F(EngineTest, SharesOnePromptAmongJobsThatArriveTogether) {
  const Tokens p = prompt(5, 64);
  auto a = add({.prompt = p, .max_tokens = 3});
  run();
  auto b = add({.prompt = p, .max_tokens = 3});
  auto c = add({.prompt = p, .max_tokens = 3});
  const int rows_before = model_->n_rows();
  run();
  EXPECT_EQ((*b->result)->reused_tokens, 63);
  EXPECT_EQ((*c->result)->reused_tokens, 63);
  EXPECT_EQ(model_->n_rows() - rows_before, 2 * 3);
}

TEST_F(EngineTest, LetsACompletionOvertakeAnExplanation) {
  const Tokens slow = prompt(6, 30);
  const Tokens urgent = prompt(7, 30);
  auto explanation = add({.prompt = slow, .max_tokens = 30, .priority = Priority::explanation});
  for (int i = 0; i < 6; ++i) engine_->step();
  const size_t streamed = explanation->streamed.size();
  EXPECT_GT(streamed, 0u);

  auto completion = add({.prompt = urgent, .max_tokens = 5});
  while (completion->n_done == 0) ASSERT_TRUE(engine_->step());
  EXPECT_EQ(explanation->streamed.size(), streamed);
  run();
  EXPECT_EQ((*explanation->result)->tokens, model_->text_after(slow, 30));
  EXPECT_EQ((*completion->result)->tokens, model_->text_after(urgent, 5));
}

TEST_F(EngineTest, GivesUpALessUrgentPrefillWhenSomethingUrgentIsAnnounced) {
  bool announced = false;
  start({.model = {.on_forward = [&](const Batch&) {
           if (!announced) engine_->announce(Priority::completion);
           announced = true;
         }}});
  auto review = add({.prompt = prompt(8, 16), .max_tokens = 1, .priority = Priority::review});
  engine_->step();
  EXPECT_EQ(model_->n_forwards(), 0);  // interrupted
  engine_->forget_announcements();
  run();
  EXPECT_EQ((*review->result)->tokens, model_->text_after(prompt(8, 16), 1));
}

TEST_F(EngineTest, TakesRoomFromTheLessUrgentAndGivesItBackLater) {
  start({.context_tokens = 64, .cache_tokens = 66});
  const Tokens a = prompt(9, 30);
  const Tokens b = prompt(10, 50);
  auto explanation = add({.prompt = a, .max_tokens = 20, .priority = Priority::explanation});
  for (int i = 0; i < 8; ++i) engine_->step();
  auto completion = add({.prompt = b, .max_tokens = 10});
  run();
  EXPECT_EQ((*completion->result)->tokens, model_->text_after(b, 10));
  EXPECT_EQ((*explanation->result)->tokens, model_->text_after(a, 20));
}

TEST_F(EngineTest, FinishesEveryJobWhenTheyDoNotFitTogether) {
  start({.context_tokens = 64, .cache_tokens = 70});
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int i = 0; i < 5; ++i) outcomes.push_back(add({.prompt = prompt(i, 30), .max_tokens = 15}));
  run();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(outcomes[i]->streamed, model_->text_after(prompt(i, 30), 15)) << i;
  }
}

TEST_F(EngineTest, AnswersACancelledJobOnceAndWithinOneStep) {
  CancelSource source;
  auto job = add({.prompt = prompt(11, 10), .max_tokens = 100, .cancel = source.token()});
  for (int i = 0; i < 5; ++i) engine_->step();
  source.cancel();
  const size_t streamed = job->streamed.size();
  EXPECT_FALSE(engine_->step());
  EXPECT_EQ(job->streamed.size(), streamed);
  EXPECT_EQ(job->n_done, 1);
  EXPECT_EQ(job->result->error().code, ErrorCode::cancelled);
}

TEST_F(EngineTest, KeepsWhatACancelledJobComputed) {
  CancelSource source;
  const Tokens p = prompt(12, 40);
  add({.prompt = p, .max_tokens = 100, .cancel = source.token()});
  for (int i = 0; i < 8; ++i) engine_->step();
  source.cancel();
  run();
  EXPECT_EQ(run_alone({.prompt = p, .max_tokens = 2}).reused_tokens, 39);
}

TEST_F(EngineTest, StopsWhereTheClientSays) {
  auto job = add({.prompt = prompt(13, 10), .max_tokens = 100}, 7);
  run();
  EXPECT_EQ(job->streamed.size(), 7u);
  EXPECT_EQ((*job->result)->stop, StopReason::callback);
}

TEST_F(EngineTest, StopsAtAStopStringEvenAcrossTokens) {
  const Tokens p = prompt(14, 10);
  const Tokens text = model_->text_after(p, 30);
  const std::string two = tokenizer_->decode(std::span(text).subspan(8, 2));
  const GenerateResult result = run_alone({.prompt = p, .max_tokens = 30, .stop_strings = {two}});
  EXPECT_EQ(result.stop, StopReason::stop_string);
  EXPECT_LE(result.tokens.size(), 10u);
}

TEST_F(EngineTest, EndsAtTheEndTokenAndLeavesItOut) {
  const Tokens p = prompt(15, 10);
  traits_.end_tokens = {model_->text_after(p, 6).back()};
  const GenerateResult result = run_alone({.prompt = p, .max_tokens = 30});
  EXPECT_EQ(result.stop, StopReason::end_token);
  EXPECT_EQ(result.tokens, model_->text_after(p, 5));
}

TEST_F(EngineTest, ForbidsAnEmptyAnswerWhenAsked) {
  const Tokens p = prompt(16, 10);
  traits_.end_tokens = {model_->text_after(p, 1).back()};
  EXPECT_TRUE(run_alone({.prompt = p, .max_tokens = 3}).tokens.empty());
  EXPECT_FALSE(run_alone({.prompt = p, .max_tokens = 3, .forbid_empty = true}).tokens.empty());
}

TEST_F(EngineTest, GivesTheLikeliestCandidatesOfEachToken) {
  const Tokens p = prompt(3, 20);
  std::vector<std::vector<Candidate>> candidates;
  Tokens text;
  engine_->add(std::make_unique<Job>(
      GenerateRequest{.prompt = p, .max_tokens = 3, .ignore_end_tokens = true, .n_candidates = 4},
      [&](const TokenEvent& event) {
        candidates.emplace_back(event.candidates.begin(), event.candidates.end());
        text.push_back(event.id);
        EXPECT_FLOAT_EQ(event.candidates[0].logprob, event.logprob);
        return true;
      },
      [](const auto& result) { EXPECT_TRUE(result); }, *tokenizer_, traits_));
  run();
  ASSERT_EQ(candidates.size(), 3u);
  for (size_t i = 0; i < candidates.size(); ++i) {
    ASSERT_EQ(candidates[i].size(), 4u);
    EXPECT_EQ(candidates[i][0].id, text[i]);
    EXPECT_TRUE(std::ranges::is_sorted(candidates[i], std::ranges::greater{}, &Candidate::logprob));
  }
  // What comes after so many likelier ones is what an alternative begins with.
  const GenerateResult second =
      run_alone({.prompt = p, .max_tokens = 1, .ignore_end_tokens = true, .first_rank = 1});
  EXPECT_EQ(second.tokens[0], candidates[0][1].id);
}

TEST_F(EngineTest, WritesOnlyWhatIsAllowed) {
  const Tokens p = prompt(3, 20);
  const Tokens allowed = {7, 11};
  const GenerateResult result =
      run_alone({.prompt = p, .max_tokens = 5, .ignore_end_tokens = true, .allowed = allowed});
  ASSERT_EQ(result.tokens.size(), 5u);
  for (const TokenId id : result.tokens) EXPECT_TRUE(id == 7 || id == 11) << id;
}

TEST_F(EngineTest, HealsTheTokenAtTheCursor) {
  const Tokens p = prompt(17, 10);
  for (const std::string wanted : {"r", "retu", "x = ", "\xC3\xA9t", "<|zzz"}) {
    const GenerateResult result =
        run_alone({.prompt = p, .max_tokens = 40, .forced_prefix = wanted});
    EXPECT_TRUE(tokenizer_->decode(result.tokens).starts_with(wanted)) << wanted;
  }
}

TEST_F(EngineTest, StopsWhenTheContextIsFull) {
  start({.context_tokens = 20, .cache_tokens = 40});
  const GenerateResult result = run_alone({.prompt = prompt(18, 15), .max_tokens = 100});
  EXPECT_EQ(result.stop, StopReason::context_full);
  EXPECT_EQ(result.tokens, model_->text_after(prompt(18, 15), 5));
}

TEST_F(EngineTest, RefusesPromptsThatCannotBe) {
  for (const Tokens& bad : {Tokens{}, Tokens{-1}, Tokens{512}, prompt(1, 300)}) {
    auto job = add({.prompt = bad});
    ASSERT_EQ(job->n_done, 1);
    EXPECT_EQ(job->result->error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(EngineTest, WritesTheSameWithDraftsOfAnyQuality) {
  const Tokens p = prompt(19, 33);
  const Tokens expected = model_->text_after(p, 60);
  for (const int quality : {0, 3, 7, 10}) {
    start({.model = {.draft_quality = quality}});
    auto a = add({.prompt = p, .max_tokens = 60});
    auto b = add({.prompt = prompt(20, 9), .max_tokens = 60});
    run();
    EXPECT_EQ(a->streamed, expected) << quality;
    EXPECT_EQ(b->streamed, model_->text_after(prompt(20, 9), 60)) << quality;
  }
}

TEST_F(EngineTest, NeedsFewerStepsWithGoodDrafts) {
  const Tokens p = prompt(21, 10);
  start({.model = {.draft_quality = 10}});
  run_alone({.prompt = p, .max_tokens = 60});
  EXPECT_LE(model_->n_forwards(), 32);
}

TEST_F(EngineTest, StopsDraftingWhenItDoesNotPay) {
  const Tokens p = prompt(22, 10);
  start({.model = {.draft_quality = 0}});
  run_alone({.prompt = p, .max_tokens = 100});
  // One row a token, and one more for each draft of the trial, and for what looked like a repeat.
  EXPECT_LE(model_->n_rows(), 10 + 100 + 25 + 25);
}

TEST_F(EngineTest, WritesWhatItHasWrittenBeforeInFewSteps) {
  const Tokens p = prompt(24, 10);
  const Tokens expected = model_->text_after(p, 100);
  EXPECT_EQ(run_alone({.prompt = p, .max_tokens = 100}).tokens, expected);
  const int n_first = model_->n_forwards();
  EXPECT_GE(n_first, 100);  // nothing in it repeats itself
  EXPECT_EQ(run_alone({.prompt = p, .max_tokens = 100}).tokens, expected);
  EXPECT_LE(model_->n_forwards() - n_first, 30);
  const EngineStatistics statistics = engine_->statistics();
  EXPECT_GE(statistics.n_right_drafts, 70u);
  EXPECT_GE(statistics.n_drafted_tokens, statistics.n_right_drafts);
}

TEST_F(EngineTest, ComputesNoGuessesWhereRowsAreAsDearAsSteps) {
  start({.prefill_chunk = 32, .seconds_per_row = 1000});
  const Tokens p = prompt(25, 40);
  for (int i = 0; i < 3; ++i) run_alone({.prompt = p, .max_tokens = 60});
  EXPECT_EQ(engine_->statistics().n_drafted_tokens, 0u);
}

TEST_F(EngineTest, LosesNoTimeByGuessesThatAreWrong) {
  // Of few tokens all pairs come often, and none tells what follows.
  for (const double seconds_per_row : {0.01, 0.1, 0.3, 1.0}) {
    start({.model = {.vocab_size = 48},
           .context_tokens = 2000,
           .cache_tokens = 4000,
           .seconds_per_row = seconds_per_row});
    seconds_ = 0;
    run_alone({.prompt = {20}, .max_tokens = 1500});
    EXPECT_LE(seconds_, 1500 * (1 + seconds_per_row) * 1.03) << seconds_per_row;
  }
}

TEST_F(EngineTest, WritesTheSameWithGuessesWhateverTheCompany) {
  std::vector<std::shared_ptr<Outcome>> jobs;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 6; ++i) {
      jobs.push_back(add({.prompt = prompt(i, 20 + i), .max_tokens = 30 + 7 * i}));
    }
    run();
  }
  for (int i = 0; i < 12; ++i) {
    const int seed = i % 6;
    EXPECT_EQ(jobs[i]->streamed, model_->text_after(prompt(seed, 20 + seed), 30 + 7 * seed)) << i;
  }
  EXPECT_GT(engine_->statistics().n_right_drafts, 0u);
}

TEST_F(EngineTest, EndsAllJobsWhenItGoes) {
  auto job = add({.prompt = prompt(23, 10), .max_tokens = 100});
  engine_->step();
  engine_.reset();
  EXPECT_EQ(job->n_done, 1);
  EXPECT_EQ(job->result->error().code, ErrorCode::cancelled);
}

TEST_F(EngineTest, WritesAlternativesThatBranchAtTheFirstTokenAndShareThePrompt) {
  const Tokens p = prompt(24, 40);
  const Tokens alone = run_alone({.prompt = p, .max_tokens = 10, .ignore_end_tokens = true}).tokens;
  start({});
  std::vector<std::shared_ptr<Outcome>> outcomes;
  for (int rank = 0; rank < 4; ++rank)
    outcomes.push_back(
        add({.prompt = p, .max_tokens = 10, .ignore_end_tokens = true, .first_rank = rank}));
  run();
  EXPECT_EQ(outcomes[0]->streamed, alone);
  for (int rank = 1; rank < 4; ++rank) {
    const Tokens& text = outcomes[rank]->streamed;
    ASSERT_EQ(text.size(), 10u);
    for (int other = 0; other < rank; ++other) EXPECT_NE(text[0], outcomes[other]->streamed[0]);
    // Greedy behind the first token, as if that had been part of the prompt.
    Tokens branch = p;
    branch.push_back(text[0]);
    EXPECT_EQ(Tokens(text.begin() + 1, text.end()), model_->text_after(branch, 9));
  }
  // The prompt once (in chunks of 16), its last token again for the others, then one batch a token.
  EXPECT_EQ(model_->n_rows(), 40 + 3 + 4 * 9);
  EXPECT_LE(model_->n_forwards(), 3 + 10);
}

TEST_F(EngineTest, ComputesAPromptInAdvanceWhenNoTokensAreWanted) {
  const Tokens p = prompt(25, 40);
  const GenerateResult warm = run_alone({.prompt = p, .max_tokens = 0});
  EXPECT_TRUE(warm.tokens.empty());
  EXPECT_EQ(warm.stop, StopReason::max_tokens);
  EXPECT_EQ(model_->n_rows(), 40);
  const GenerateResult result = run_alone({.prompt = p, .max_tokens = 5});
  EXPECT_EQ(result.reused_tokens, 39);
  EXPECT_EQ(result.tokens, model_->text_after(p, 5));
}

TEST_F(EngineTest, DoesNotDelayACompletionForSpeculation) {
  const Tokens urgent = prompt(26, 30);
  run_alone({.prompt = urgent, .max_tokens = 5});
  const int n_alone = model_->n_forwards();
  for (const int n_steps_before : {0, 1, 2, 5, 20}) {
    start({});
    auto ahead =
        add({.prompt = prompt(27, 90), .max_tokens = 30, .priority = Priority::speculation});
    for (int i = 0; i < n_steps_before; ++i) engine_->step();
    const int n_before = model_->n_forwards();
    auto completion = add({.prompt = urgent, .max_tokens = 5});
    while (completion->n_done == 0) ASSERT_TRUE(engine_->step());
    EXPECT_EQ(model_->n_forwards() - n_before, n_alone) << n_steps_before;
    run();
    EXPECT_EQ(ahead->streamed, model_->text_after(prompt(27, 90), 30));
  }
}

TEST_F(EngineTest, DoesNotDelayACompletionForAFloodOfOtherRequests) {
  const Tokens urgent = prompt(26, 30);
  run_alone({.prompt = urgent, .max_tokens = 5});
  const int n_alone = model_->n_forwards();
  for (const int n_steps_before : {0, 1, 5, 20}) {
    start({});
    for (int i = 0; i < 12; ++i) {
      add({.prompt = prompt(40 + i, 20),
           .max_tokens = 20,
           .priority = i % 2 == 0 ? Priority::explanation : Priority::review});
    }
    for (int i = 0; i < n_steps_before; ++i) engine_->step();
    const int n_before = model_->n_forwards();
    auto completion = add({.prompt = urgent, .max_tokens = 5});
    while (completion->n_done == 0) ASSERT_TRUE(engine_->step());
    EXPECT_EQ(model_->n_forwards() - n_before, n_alone) << n_steps_before;
    run();
  }
}

TEST_F(EngineTest, ComputesNothingForACancelledJob) {
  for (const int n_steps_before : {0, 1, 4, 10}) {
    CancelSource source;
    start({});
    auto job = add({.prompt = prompt(28, 60), .max_tokens = 50, .cancel = source.token()});
    for (int i = 0; i < n_steps_before; ++i) engine_->step();
    const int n_before = model_->n_forwards();
    source.cancel();
    EXPECT_FALSE(engine_->step());
    EXPECT_EQ(model_->n_forwards(), n_before);
    EXPECT_EQ(job->n_done, 1);
  }
}

TEST_F(EngineTest, EndsItsJobsAndSaysSoWhenItsDeviceIsLost) {
  bool is_lost = false;
  start({.model = {.is_lost = [&] { return is_lost; }}});
  const auto outcome = add({.prompt = prompt(1, 40), .max_tokens = 12});
  engine_->step();
  EXPECT_FALSE(engine_->statistics().is_lost);
  is_lost = true;
  run();
  ASSERT_EQ(outcome->n_done, 1);
  EXPECT_EQ(outcome->result->error().code, ErrorCode::device_lost);
  EXPECT_TRUE(engine_->statistics().is_lost);
}

TEST_F(EngineTest, SaysWhatItDoes) {
  EXPECT_EQ(engine_->statistics().n_steps, 0u);
  const Tokens p = prompt(29, 40);
  run_alone({.prompt = p, .max_tokens = 10});
  add({.prompt = p, .max_tokens = 10, .priority = Priority::explanation});
  add({.prompt = prompt(30, 20), .max_tokens = 10});
  engine_->step();
  const EngineStatistics now = engine_->statistics();
  EXPECT_EQ(now.n_jobs, (std::array<int, 4>{1, 0, 1, 0}));
  EXPECT_EQ(now.n_running, 1);
  run();
  const EngineStatistics then = engine_->statistics();
  EXPECT_EQ(then.n_jobs, (std::array<int, 4>{}));
  EXPECT_EQ(then.n_prompt_tokens, 40u + 40u + 20u);
  EXPECT_EQ(then.n_reused_tokens, 39u);
  EXPECT_EQ(then.n_generated_tokens, 30u);
  EXPECT_EQ(then.cache_tokens, 512);
  EXPECT_EQ(then.cached_tokens, 49 + 29);
  EXPECT_GT(then.n_steps, now.n_steps);
  EXPECT_GT(then.decode_tokens_per_s, 0);
  EXPECT_GT(then.prefill_tokens_per_s, 0);
}

}  // namespace
}  // namespace fathom::engine
