// The text that comes of a server's answers is the one that the engine here decodes.

#include "completion/remote/remote_job.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/find_top.h"
#include "engine/job.h"
#include "engine/read_traits.h"

namespace fathom::completion {
namespace {

using engine::GenerateRequest;
using engine::GenerateResult;
using engine::TokenId;
using testing::HasSubstr;

/// The built-in model's vocabulary with numbers for its logits: after each text the same.
class World {
 public:
  World() {
    const auto checkpoint = engine::Checkpoint::open("models/nano/fathom-nano.gguf").value();
    tokenizer = engine::Tokenizer::load(*checkpoint).value();
    traits = engine::read_traits(*checkpoint, *tokenizer).value();
    for (TokenId id = 0; id < tokenizer->vocab_size(); ++id)
      if (tokenizer->bytes(id).size() == 1 && !tokenizer->is_special(id)) singles_.push_back(id);
  }

  /// A few tokens are likely, most of them short, sometimes the end.
  std::vector<float> logits(const std::vector<TokenId>& text) const {
    std::seed_seq seed(text.begin(), text.end());
    std::mt19937 random(seed);
    std::vector<float> logits(static_cast<size_t>(traits.vocab_size));
    for (float& logit : logits) logit = static_cast<float>(random() % 10'000) / 10'000;
    for (int i = 0; i < 40; ++i)
      logits[static_cast<size_t>(singles_[random() % singles_.size()])] =
          4 + static_cast<float>(random() % 10'000) / 2'500;
    if (random() % 8 == 0) logits[static_cast<size_t>(traits.end_tokens[0])] = 7.5f;
    return logits;
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer;
  engine::ModelTraits traits;

 private:
  std::vector<TokenId> singles_;
};

const World& world() {
  static const World world;
  return world;
}

/// Digits, a comma after each third, closed by a full stop once there are `length` digits.
class Digits final : public engine::TextConstraint {
 public:
  explicit Digits(int length) : length_(length) {}
  bool allows(std::string_view bytes) const override {
    int n = n_;
    bool finished = finished_, comma = comma_;
    return std::ranges::all_of(bytes, [&](char c) { return step(c, n, comma, finished); });
  }
  void accept(std::string_view bytes) override {
    for (const char c : bytes) step(c, n_, comma_, finished_);
  }
  bool finished() const override { return finished_; }

 private:
  bool step(char c, int& n, bool& comma, bool& finished) const {
    if (finished) return false;
    if (n == length_) return c == '.' && (finished = true);
    if (comma) return c == ',' && !(comma = false);
    comma = c >= '0' && c <= '9' && ++n % 3 == 0 && n < length_;
    return c >= '0' && c <= '9';
  }

  const int length_;
  int n_ = 0;
  bool comma_ = false;
  bool finished_ = false;
};

struct Outcome {
  std::string text;
  engine::StopReason stop;
  std::vector<TokenId> tokens;
  float mean_logprob;
  int n_asked = 0;
};

/// As the engine decodes it.
Outcome local(GenerateRequest request) {
  Outcome outcome;
  engine::Job job(
      std::move(request), nullptr,
      [&](Result<GenerateResult> result) {
        outcome = {world().tokenizer->decode(result->tokens), result->stop, result->tokens,
                   result->mean_logprob};
      },
      *world().tokenizer, world().traits);
  while (!job.finished()) {
    const std::vector<float> logits = world().logits({job.tokens().begin(), job.tokens().end()});
    engine::TopLogits top = {.temperature = job.temperature()};
    engine::find_top(top, logits);
    std::vector<float> all = logits;
    EXPECT_TRUE(job.take(top, [&]() -> Result<std::span<float>> { return all = logits; }));
  }
  job.finish();
  return outcome;
}

/// What a server computes at one place: the likeliest tokens and their probabilities.
ServerToken compute(const Ask& ask, const std::vector<TokenId>& text) {
  const std::vector<float> logits = world().logits(text);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  const auto logprob = [&](TokenId id) {
    return logits[static_cast<size_t>(id)] - static_cast<float>(std::log(sum));
  };
  std::vector<TokenId> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](TokenId id) { return logits[static_cast<size_t>(id)]; });
  ServerToken token;
  for (int i = 0; i < ask.n_candidates; ++i)
    token.candidates.push_back(
        {order[static_cast<size_t>(i)], logprob(order[static_cast<size_t>(i)])});
  token.id = *std::ranges::find_if(order, [&](TokenId id) {
    const bool ends = id == world().traits.end_tokens[0];
    return !(ask.forbid_end && ends) &&
           (ask.only.empty() || std::ranges::find(ask.only, id) != ask.only.end());
  });
  token.logprob = logprob(token.id);
  return token;
}

/// As a server's answers bring it.
Outcome remote(GenerateRequest request, bool reports_end) {
  Outcome outcome;
  RemoteJob job(std::move(request), nullptr,
                [&](Result<GenerateResult> result) {
                  outcome = {world().tokenizer->decode(result->tokens), result->stop,
                             result->tokens, result->mean_logprob};
                },
                {.tokenizer = *world().tokenizer,
                 .traits = world().traits,
                 .context_tokens = 4096,
                 .can = {.chooses = true}});
  int n_asked = 0;
  for (; !job.finished() && n_asked < 500; ++n_asked) {
    const Result<Ask> ask = job.next();
    EXPECT_TRUE(ask) << ask.error().message;
    job.begin(0);
    std::vector<TokenId> text = ask->prompt;
    bool goes_on = true;
    bool ended = false;
    for (int i = 0; i < ask->n_tokens && goes_on && !ended; ++i) {
      const ServerToken token = compute(*ask, text);
      text.push_back(token.id);
      ended = token.id == world().traits.end_tokens[0];
      if (!ended || reports_end) goes_on = job.take(token).value();
    }
    if (goes_on && ended) job.ended();
    if (goes_on && !ended) job.answered();
  }
  job.finish();
  outcome.n_asked = n_asked;
  return outcome;
}

/// The same over many prompts, and how often the server is asked at most. `tolerance`: of the mean
/// logprob. The engine leaves out what is forbidden before it says how likely a token is; a server
/// tells of its candidates alone.
void check(const std::function<GenerateRequest()>& make, int most_asked, double tolerance = 1e-4) {
  for (TokenId first = 100; first < 112; ++first) {
    for (const bool reports_end : {true, false}) {
      GenerateRequest here = make();
      GenerateRequest there = make();
      here.prompt = there.prompt = {first, 7};
      const Outcome expected = local(std::move(here));
      const Outcome found = remote(std::move(there), reports_end);
      EXPECT_EQ(found.text, expected.text);
      EXPECT_EQ(found.tokens, expected.tokens);
      EXPECT_EQ(found.stop, expected.stop) << name_of(found.stop);
      EXPECT_LE(found.n_asked, most_asked);
      if (reports_end) {
        EXPECT_NEAR(found.mean_logprob, expected.mean_logprob, tolerance);
      }
    }
  }
}

TEST(RemoteJob, TakesAFreeTextInOneAnswer) {
  check([] { return GenerateRequest{.max_tokens = 30}; }, 1);
}

TEST(RemoteJob, DoesNotEndWhereItMayNot) {
  check([] { return GenerateRequest{.max_tokens = 30, .forbid_empty = true}; }, 3, 0.05);
  check([] { return GenerateRequest{.max_tokens = 30, .ignore_end_tokens = true}; }, 1, 0.1);
}

TEST(RemoteJob, BeginsWithWhatIsTypedAlready) {
  for (const char* prefix : {"r", "retu", " ", "def f(", "\xc3\xa9", "qzx"})
    check([&] { return GenerateRequest{.max_tokens = 20, .forced_prefix = prefix}; }, 20, 1);
}

TEST(RemoteJob, BeginsWithALaterRank) {
  for (const int rank : {1, 3, 25})
    check([&] { return GenerateRequest{.max_tokens = 10, .first_rank = rank}; }, 12, 0.05);
  check([&] { return GenerateRequest{.max_tokens = 10, .first_rank = 2, .forced_prefix = "re"}; },
        12, 1);
}

TEST(RemoteJob, KeepsToAForm) {
  check(
      [] { return GenerateRequest{.max_tokens = 60, .constraint = std::make_shared<Digits>(12)}; },
      60);
}

TEST(RemoteJob, StopsAtAStopString) {
  check([] { return GenerateRequest{.max_tokens = 60, .stop_strings = {"a", "e", "1"}}; }, 1);
}

TEST(RemoteJob, ComputesAPromptAlone) {
  const Outcome outcome = remote({.prompt = {5, 7}, .max_tokens = 0}, true);
  EXPECT_TRUE(outcome.tokens.empty());
  EXPECT_EQ(outcome.stop, engine::StopReason::max_tokens);
  EXPECT_EQ(outcome.n_asked, 1);
}

/// Why the request cannot be asked.
std::string refused(GenerateRequest request, bool chooses = true) {
  RemoteJob job(std::move(request), nullptr, nullptr,
                {.tokenizer = *world().tokenizer,
                 .traits = world().traits,
                 .context_tokens = 8,
                 .can = {.chooses = chooses}});
  const Result<Ask> ask = job.next();
  return ask ? "" : ask.error().message;
}

TEST(RemoteJob, RefusesWhatCannotBeAsked) {
  EXPECT_THAT(refused({}), HasSubstr("no tokens"));
  EXPECT_THAT(refused({.prompt = std::vector<TokenId>(9, 5)}), HasSubstr("shorten it"));
  EXPECT_THAT(refused({.prompt = {-1}}), HasSubstr("not in the vocabulary"));
  EXPECT_THAT(refused({.prompt = {1 << 20}}), HasSubstr("not in the vocabulary"));
  EXPECT_THAT(refused({.prompt = {5}, .constraint = std::make_shared<Digits>(3)}, false),
              HasSubstr("cannot be kept to a form"));
}

TEST(RemoteJob, RefusesAServerThatDoesNotKeepToWhatItWasAsked) {
  RemoteJob job({.prompt = {5}, .max_tokens = 5, .forced_prefix = "return"}, nullptr, nullptr,
                {.tokenizer = *world().tokenizer,
                 .traits = world().traits,
                 .context_tokens = 64,
                 .can = {.chooses = true}});
  const ServerToken other{.id = world().tokenizer->encode("}")[0]};
  ASSERT_TRUE(job.next());
  EXPECT_FALSE(job.take(other).value()) << "it had no candidate";
  EXPECT_FALSE(job.next()->only.empty());
  EXPECT_EQ(job.take(other).error().code, ErrorCode::unsupported);
}

TEST(RemoteJob, EndsWithAServerThatIsDoneAndGivesNothing) {
  RemoteJob job({.prompt = {5}, .max_tokens = 5}, nullptr, nullptr,
                {.tokenizer = *world().tokenizer,
                 .traits = world().traits,
                 .context_tokens = 64,
                 .can = {.chooses = true}});
  ASSERT_TRUE(job.next());
  job.answered();
  EXPECT_TRUE(job.finished());
}

TEST(RemoteJob, GivesThePrefixToAServerThatCannotChoose) {
  std::string text;
  RemoteJob job({.prompt = {5}, .max_tokens = 8, .forced_prefix = "retu"},
                [&](const engine::TokenEvent& event) {
                  text += event.bytes;
                  return true;
                },
                nullptr,
                {.tokenizer = *world().tokenizer, .traits = world().traits, .context_tokens = 64});
  const Result<Ask> ask = job.next();
  ASSERT_TRUE(ask);
  EXPECT_EQ(world().tokenizer->decode(std::span(ask->prompt).subspan(1)), "retu");
  EXPECT_EQ(text, "") << "nothing is told before the server has answered";
  job.begin(0);
  EXPECT_TRUE(job.take({.id = world().tokenizer->encode("rn")[0]}).value());
  EXPECT_THAT(text, testing::StartsWith("retur"));
}

/// A server that only talks, and what it is made to say.
struct Talk {
  explicit Talk(bool prompt_opens_reasoning, std::shared_ptr<engine::TextConstraint> form = nullptr)
      : traits(world().traits),
        job(
            request(prompt_opens_reasoning, std::move(form)),
            [this](const engine::TokenEvent& event) {
              text += event.bytes;
              return true;
            },
            [this](Result<GenerateResult> done) { result = std::move(done); },
            {.tokenizer = *world().tokenizer,
             .traits = traits,
             .context_tokens = 64,
             .can = {.takes_prompts = false, .completes = false}}) {
    ask = job.next();
    job.begin(0);
  }

  static GenerateRequest request(bool opens, std::shared_ptr<engine::TextConstraint> form) {
    GenerateRequest request{.prompt = {5, 6}, .constraint = std::move(form)};
    if (opens) request.prompt.push_back(*world().traits.chat->think_begin);
    request.conversation = std::make_shared<const engine::Conversation>(engine::Conversation{
        .turns = {{.role = "user", .text = "why?"}}, .n_tokens = request.prompt.size()});
    return request;
  }
  void say(std::string_view words) {
    for (const TokenId id : world().tokenizer->encode(words)) ASSERT_TRUE(job.take({.id = id}));
  }

  const engine::ModelTraits& traits;
  std::string text;  // special tokens spelled out
  std::optional<Result<GenerateResult>> result;
  RemoteJob job;
  Result<Ask> ask;
};

TEST(RemoteJob, MakesOneTextOfReasoningThatTheServerKeepsApart) {
  Talk open(true);
  EXPECT_TRUE(open.job.take_reasoning("Let me see. "));
  EXPECT_TRUE(open.job.take_reasoning("Yes."));
  open.say("It is.");
  EXPECT_EQ(open.text, "Let me see. Yes.</think>It is.");

  Talk own(false);
  EXPECT_TRUE(own.job.take_reasoning("Hm."));
  own.say("It is.");
  EXPECT_EQ(own.text, "<think>Hm.</think>It is.");
  EXPECT_TRUE(own.job.take_reasoning("Or not."));
  EXPECT_EQ(own.text, "<think>Hm.</think>It is.") << "the answer has begun";
}

TEST(RemoteJob, AsksAServerThatOnlyTalksForNothingElse) {
  RemoteJob completion({.prompt = {5}}, nullptr, nullptr,
                       {.tokenizer = *world().tokenizer,
                        .traits = world().traits,
                        .context_tokens = 64,
                        .can = {.takes_prompts = false, .completes = false}});
  EXPECT_THAT(completion.next().error().message, HasSubstr("only talks"));
  RemoteJob warm_up({.prompt = {5}, .max_tokens = 0}, nullptr, nullptr,
                    {.tokenizer = *world().tokenizer,
                     .traits = world().traits,
                     .context_tokens = 64,
                     .can = {.takes_prompts = false}});
  EXPECT_TRUE(warm_up.finished()) << "nobody is asked";
}

/// Some digits, of which a server is told.
class ToldDigits final : public engine::TextConstraint {
 public:
  bool allows(std::string_view bytes) const override { return digits_.allows(bytes); }
  void accept(std::string_view bytes) override { digits_.accept(bytes); }
  bool finished() const override { return digits_.finished(); }
  std::string json_schema() const override { return R"({"type":"integer"})"; }

 private:
  Digits digits_{3};
};

TEST(RemoteJob, TellsTheFormToAServerThatCannotChoose) {
  Talk talk(false, std::make_shared<ToldDigits>());
  EXPECT_EQ(talk.ask->schema, R"({"type":"integer"})");
  EXPECT_TRUE(talk.job.take_reasoning("Let me count.")) << "there is no place for it";
  for (const char* digit : {"1", "2", "3", "."}) talk.say(digit);
  EXPECT_TRUE(talk.job.finished());
  EXPECT_EQ(talk.text, "123.");

  Talk other(false, std::make_shared<ToldDigits>());
  const auto refused = other.job.take({.id = world().tokenizer->encode("x")[0]});
  EXPECT_THAT(refused.error().message, HasSubstr("does not keep to the form"));
}

}  // namespace
}  // namespace fathom::completion
