// Real threads around the real engine and the built-in model; also run under ThreadSanitizer.

#include "engine/engine_thread.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/tokenizer/tokenizer.h"
#include "tests/support/temp_dir.h"

namespace fathom::engine {
namespace {

std::unique_ptr<EngineThread> start(EngineOptions options) {
  static Log log;
  options.n_threads = 2;
  auto checkpoint = Checkpoint::open("models/nano/fathom-nano.gguf");
  EXPECT_TRUE(checkpoint);
  auto engine = EngineThread::start(*checkpoint, options, log);
  EXPECT_TRUE(engine) << engine.error().message;
  return std::move(*engine);
}

std::vector<TokenId> prompt_of(const EngineThread& engine, std::string_view text) {
  std::vector<TokenId> prompt = {engine.traits().bos};
  engine.tokenizer().encode(text, prompt);
  return prompt;
}

TEST(EngineThread, GivesTheSameTextWithAndWithoutThreads) {
  auto threaded = start({});
  auto inline_engine = start({.threads = false});
  const auto prompt = prompt_of(*threaded, "#include <vector>\n\nint sum(");
  const auto a = generate(*threaded, {.prompt = prompt, .max_tokens = 16});
  const auto b = generate(*inline_engine, {.prompt = prompt, .max_tokens = 16});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->tokens, b->tokens);
}

TEST(EngineThread, GivesTheSameTextAloneAndInCompany) {
  auto engine = start({});
  const auto prompt = prompt_of(*engine, "def area(width, height):\n    return ");
  const GenerateRequest request = {
      .prompt = prompt, .max_tokens = 24, .sampling = {.temperature = 0.9f, .seed = 11}};
  const auto alone = generate(*engine, request);
  ASSERT_TRUE(alone);

  std::vector<std::future<Result<GenerateResult>>> company;
  for (int i = 0; i < 6; ++i) {
    auto promise = std::make_shared<std::promise<Result<GenerateResult>>>();
    company.push_back(promise->get_future());
    GenerateRequest other = request;
    if (i % 2 == 1) other.prompt = prompt_of(*engine, std::string(10 * i, 'x'));
    engine->submit(std::move(other), nullptr,
                   [promise](Result<GenerateResult> done) { promise->set_value(std::move(done)); });
  }
  for (int i = 0; i < 6; ++i) {
    const Result<GenerateResult> result = company[i].get();
    ASSERT_TRUE(result);
    if (i % 2 == 0) {
      EXPECT_EQ(result->tokens, alone->tokens) << i;
    }
  }
}

TEST(EngineThread, WritesTheSameWithAndWithoutTheModelsOwnDrafts) {
  Log log;
  auto checkpoint = Checkpoint::open("tests/data/golden/deepseek-v3");  // has a draft layer
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  for (const char* backend : {"reference", "cpu"}) {
    std::vector<std::vector<TokenId>> texts;
    for (const bool speculate : {true, false}) {
      auto engine =
          EngineThread::start(*checkpoint, {.backend = backend, .speculate = speculate}, log);
      ASSERT_TRUE(engine) << engine.error().message;
      auto result = generate(**engine, {.prompt = {0, 415, 332, 3, 234},
                                        .max_tokens = 60,
                                        .sampling = {.temperature = 0.7f, .seed = 5},
                                        .ignore_end_tokens = true});
      ASSERT_TRUE(result) << result.error().message;
      texts.push_back(std::move(result->tokens));
    }
    EXPECT_EQ(texts[0].size(), 60u);
    EXPECT_EQ(texts[0], texts[1]) << backend;
  }
}

TEST(EngineThread, AnswersEveryJobWhenItIsDestroyed) {
  std::atomic<int> n_done = 0;
  {
    auto engine = start({});
    const auto prompt = prompt_of(*engine, "while True:");
    for (int i = 0; i < 20; ++i) {
      engine->submit({.prompt = prompt, .max_tokens = 400, .ignore_end_tokens = true}, nullptr,
                     [&](const Result<GenerateResult>&) { ++n_done; });
    }
  }
  EXPECT_EQ(n_done, 20);
}

TEST(EngineThread, CancelsFromAnotherThread) {
  auto engine = start({});
  CancelSource source;
  std::promise<void> first_token;
  std::promise<Result<GenerateResult>> done;
  std::atomic<int> n_tokens = 0;
  engine->submit(
      {.prompt = prompt_of(*engine, "x = "),
       .max_tokens = 4000,
       .ignore_end_tokens = true,
       .cancel = source.token()},
      [&](const TokenEvent&) {
        if (++n_tokens == 1) first_token.set_value();
        return true;
      },
      [&](Result<GenerateResult> result) { done.set_value(std::move(result)); });
  first_token.get_future().wait();
  source.cancel();
  const Result<GenerateResult> result = done.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST(EngineThread, LogitsAgreeWithTheTokenThatIsGenerated) {
  auto engine = start({});
  const auto prompt = prompt_of(*engine, "int main() {\n  return");
  const auto logits = engine->logits(prompt);
  ASSERT_TRUE(logits);
  ASSERT_EQ(logits->size(), 8192u);
  const auto result =
      generate(*engine, {.prompt = prompt, .max_tokens = 1, .ignore_end_tokens = true});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->tokens[0], std::max_element(logits->begin(), logits->end()) - logits->begin());
  EXPECT_FALSE(engine->logits({}));
}

/// The language of any number of "ab", then "c".
class AbcConstraint final : public TextConstraint {
 public:
  bool allows(std::string_view bytes) const override {
    char last = last_;
    for (const char byte : bytes) {
      const bool follows = byte == 'b' ? last == 'a' : (byte == 'a' || byte == 'c') && last == 'b';
      if (!follows) return false;
      last = byte;
    }
    return true;
  }
  void accept(std::string_view bytes) override { last_ = bytes.back(); }
  bool finished() const override { return last_ == 'c'; }

 private:
  char last_ = 'b';
};

TEST(EngineThread, WritesOnlyWhatItsConstraintAllowsAndEndsWithIt) {
  auto engine = start({});
  const auto prompt = prompt_of(*engine, "x = \"abababab");
  float last_logprob = 0;
  for (const int n : {40, 3}) {
    std::string text;
    const auto result = generate(
        *engine,
        {.prompt = prompt, .max_tokens = n, .constraint = std::make_shared<AbcConstraint>()},
        [&](const TokenEvent& event) {
          text += event.bytes;
          last_logprob = event.logprob;
          return true;
        });
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(AbcConstraint().allows(text)) << text;
    const bool has_end = text.ends_with('c');
    EXPECT_EQ(result->stop, has_end ? StopReason::end_token : StopReason::max_tokens) << text;
    EXPECT_LT(last_logprob, 0);
  }
}

TEST(EngineThread, TakesTheLikeliestTokenThatItsConstraintAllows) {
  auto engine = start({});
  const auto prompt = prompt_of(*engine, "int main() {\n  return ");
  const auto logits = engine->logits(prompt);
  ASSERT_TRUE(logits);
  TokenId likeliest = -1;
  for (TokenId id = 0; id < static_cast<TokenId>(logits->size()); ++id) {
    const std::string_view bytes = engine->tokenizer().bytes(id);
    if (bytes.empty() || engine->tokenizer().is_special(id) || !AbcConstraint().allows(bytes))
      continue;
    if (likeliest < 0 || (*logits)[id] > (*logits)[likeliest]) likeliest = id;
  }
  const auto result = generate(
      *engine,
      {.prompt = prompt, .max_tokens = 1, .constraint = std::make_shared<AbcConstraint>()});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->tokens, std::vector<TokenId>{likeliest});
}

TEST(EngineThread, ForgetsPrefixesWhenAsked) {
  auto engine = start({});
  const auto prompt = prompt_of(*engine, "for (int i = 0; i < n; ++i) {");
  ASSERT_TRUE(generate(*engine, {.prompt = prompt, .max_tokens = 1}));
  EXPECT_GT(generate(*engine, {.prompt = prompt, .max_tokens = 1})->reused_tokens, 0);
  engine->clear_cache();
  EXPECT_EQ(generate(*engine, {.prompt = prompt, .max_tokens = 1})->reused_tokens, 0);
}

TEST(EngineThread, KnowsItsPromptsAfterAStartAndComputesTheSameBits) {
  const test::TempDir folder;
  const EngineOptions options = {.backend = "cpu",
                                 .cache_type = DType::bf16,
                                 .disk_cache = folder.path() / "prompts",
                                 .disk_cache_bytes = 100'000'000};
  auto engine = start(options);
  std::string text;
  for (int i = 0; i < 40; ++i) text += fmt::format("int f{}(int a) {{ return a * {}; }}\n", i, i);
  const auto prompt = prompt_of(*engine, text);
  const GenerateRequest request = {.prompt = prompt, .max_tokens = 12};
  const auto computed = generate(*engine, request);
  const auto logits = engine->logits(prompt);
  ASSERT_TRUE(computed && logits);
  EXPECT_EQ(computed->reused_tokens, 0);

  engine.reset();
  engine = start(options);
  const auto logits_later = engine->logits(prompt);
  const auto n_known = static_cast<uint64_t>(prompt.size() - 1);
  EXPECT_EQ(engine->statistics().n_reused_tokens, n_known);
  const auto reused = generate(*engine, request);
  ASSERT_TRUE(reused && logits_later);
  EXPECT_EQ(*logits_later, *logits);
  EXPECT_EQ(reused->tokens, computed->tokens);

  // Without it there is nothing to know, and nothing is written.
  engine = start({.backend = "cpu", .cache_type = DType::bf16});
  EXPECT_EQ(generate(*engine, request)->reused_tokens, 0);
}

TEST(EngineThread, AnswersWhoSubmitsFromACallbackOfItsDestructor) {
  std::atomic<int> n_done = 0;
  std::vector<TokenId> prompt;  // outlives the engine, whose destructor runs the callbacks
  std::promise<void> running;
  {
    auto engine = start({});
    prompt = prompt_of(*engine, "while True:");
    engine->submit(
        {.prompt = prompt, .max_tokens = 4000, .ignore_end_tokens = true},
        [&](const TokenEvent&) {
          if (n_done++ == 0) running.set_value();
          return true;
        },
        [&, &e = *engine](const Result<GenerateResult>&) {
          n_done = 0;
          e.submit({.prompt = prompt}, nullptr,
                   [&](const Result<GenerateResult>& result) { n_done += result ? 0 : 1; });
        });
    running.get_future().wait();
    EXPECT_EQ(engine->n_unfinished(), 1);
  }
  EXPECT_EQ(n_done, 1);
}

TEST(EngineThread, ShrinksItsCacheToTheMemoryLimitAndSaysWhatItNeeds) {
  const EngineInfo free = start({})->info();
  const uint64_t per_token = free.cache_bytes / free.cache_tokens;
  const uint64_t limit = free.weight_bytes + 1500 * per_token;
  const EngineInfo small = start({.memory_bytes = limit})->info();
  EXPECT_LE(small.weight_bytes + small.cache_bytes, limit);
  EXPECT_EQ(small.cache_tokens, 1500);
  EXPECT_EQ(small.context_tokens, 1499);

  Log log;
  auto checkpoint = Checkpoint::open("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(checkpoint);
  for (const uint64_t too_small : {uint64_t{1}, free.weight_bytes + 100 * per_token}) {
    const auto engine = EngineThread::start(*checkpoint, {.memory_bytes = too_small}, log);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::out_of_memory);
    EXPECT_NE(engine.error().message.find("raise the limit"), std::string::npos);
  }
}

TEST(EngineThread, GivesUpALoadBetweenTwoTensors) {
  Log log;
  auto checkpoint = Checkpoint::open("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(checkpoint);
  CancelSource source;
  std::vector<double> progress;
  const auto on_progress = [&](double part) {
    progress.push_back(part);
    if (progress.size() == 5) source.cancel();
  };
  const auto engine = EngineThread::start(
      *checkpoint, {.watch = {.cancel = source.token(), .on_progress = on_progress}}, log);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::cancelled);
  EXPECT_EQ(progress.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(progress));
}

class ChangedFile : public testing::TestWithParam<const char*> {
 protected:
  ChangedFile() {
    std::filesystem::copy_file("models/nano/fathom-nano.gguf", file_,
                               std::filesystem::copy_options::overwrite_existing);
  }
  ~ChangedFile() override { std::filesystem::remove(file_); }

  const std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / (std::string("changed-") + GetParam() + ".gguf");
};

TEST_P(ChangedFile, DoesNotHarmAModelThatIsLoaded) {
  Log log;
  auto checkpoint = Checkpoint::open(file_);
  ASSERT_TRUE(checkpoint);
  auto engine = EngineThread::start(*std::move(checkpoint), {.backend = GetParam()}, log);
  ASSERT_TRUE(engine);
  const GenerateRequest request = {.prompt = prompt_of(**engine, "int main("), .max_tokens = 8};
  const auto before = generate(**engine, request);
  std::filesystem::resize_file(file_, 0);
  (*engine)->clear_cache();
  const auto after = generate(**engine, request);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->tokens, after->tokens);
}

TEST_P(ChangedFile, EndsALoadThatIsUnderWay) {
  Log log;
  auto checkpoint = Checkpoint::open(file_);
  ASSERT_TRUE(checkpoint);
  const auto truncate = [&](double) { std::filesystem::resize_file(file_, 0); };
  const auto engine = EngineThread::start(
      *std::move(checkpoint), {.backend = GetParam(), .watch = {.on_progress = truncate}}, log);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::io);
  EXPECT_NE(engine.error().message.find("was changed"), std::string::npos)
      << engine.error().message;
}

INSTANTIATE_TEST_SUITE_P(Backends, ChangedFile, testing::Values("cpu", "reference"));

}  // namespace
}  // namespace fathom::engine
