#include "completion/explain_job.h"

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeAnswer;
using test::FakeGenerator;

struct Outcome {
  std::optional<Result<Explanation>> result;
  std::string reasoning;  // as streamed
  std::string answer;
};

ExplainRequest request_for(std::string text) {
  const size_t size = text.size();
  return {.snapshot = std::make_shared<Snapshot>(Snapshot{
              .uri = "file:///a", .path = "a.py", .language = "python", .text = std::move(text)}),
          .begin = 0,
          .end = size};
}

Outcome explain(FakeGenerator& generator, ExplainRequest request, int max_request_tokens = 1024) {
  Outcome outcome;
  Log log;
  std::vector<std::function<void()>> posted;
  auto job = std::make_shared<ExplainJob>(
      generator, log, std::move(request), max_request_tokens,
      [&](std::function<void()> work) { posted.push_back(std::move(work)); },
      [&](Channel channel, std::string_view text) {
        (channel == Channel::reasoning ? outcome.reasoning : outcome.answer) += text;
      },
      [&](Result<Explanation> result) {
        EXPECT_FALSE(outcome.result.has_value()) << "done twice";
        outcome.result = std::move(result);
      });
  job->start();
  for (size_t i = 0; i < posted.size(); ++i) {
    const std::function<void()> work = posted[i];  // a copy: work may post more
    work();
  }
  EXPECT_TRUE(outcome.result.has_value());
  return outcome;
}

TEST(ExplainJob, StreamsReasoningAndAnswerApart) {
  FakeGenerator generator;
  generator.answer("It adds.\n</think>\n\nAdds two numbers.");
  const Outcome outcome = explain(generator, request_for("def f(a, b):\n    return a + b\n"));
  ASSERT_TRUE(outcome.result->has_value());
  const Explanation& explanation = **outcome.result;
  EXPECT_EQ(explanation.reasoning, "It adds.");
  EXPECT_EQ(explanation.answer, "Adds two numbers.");
  EXPECT_EQ(outcome.reasoning, explanation.reasoning);
  EXPECT_EQ(outcome.answer, explanation.answer);
  EXPECT_EQ(generator.requests()[0].priority, engine::Priority::explanation);
  EXPECT_NE(generator.prompt_text(0).find(
                "Explain this python code.\n```python\ndef f(a, b):\n    return a + b\n```"),
            std::string::npos);
}

TEST(ExplainJob, ClosesTheReasoningWhenItsBudgetIsSpent) {
  FakeGenerator generator;
  generator.answer("one two three four five six seven eight nine ten");
  generator.answer("The answer.");
  ExplainRequest request = request_for("x = 1\n");
  request.max_reasoning_tokens = 5;
  const Outcome outcome = explain(generator, request);
  ASSERT_TRUE(outcome.result->has_value());
  EXPECT_EQ((*outcome.result)->answer, "The answer.");
  EXPECT_FALSE((*outcome.result)->reasoning.empty());

  const auto requests = generator.requests();
  ASSERT_EQ(requests.size(), 2u);
  // Begins with all that is known, so that the engine finds it in its cache.
  const std::string first = generator.prompt_text(0);
  const std::string second = generator.prompt_text(1);
  EXPECT_EQ(requests[1].prompt.size(),
            requests[0].prompt.size() + 5 + 1 + generator.tokenizer().encode("\n\n").size());
  EXPECT_TRUE(second.starts_with(first));
  EXPECT_TRUE(second.ends_with("</think>\n\n"));
}

TEST(ExplainJob, AnswersAtOnceWithoutABudgetForReasoning) {
  FakeGenerator generator;
  generator.answer("The answer.");
  ExplainRequest request = request_for("x = 1\n");
  request.max_reasoning_tokens = 0;
  const Outcome outcome = explain(generator, request);
  EXPECT_EQ((*outcome.result)->answer, "The answer.");
  EXPECT_EQ((*outcome.result)->reasoning, "");
  EXPECT_EQ(generator.requests().size(), 1u);
}

TEST(ExplainJob, ClosesTheReasoningWhenTheClientWantsTheAnswerNow) {
  FakeGenerator generator;
  generator.answer("one two three four five six seven eight nine ten");
  generator.answer("The answer.");
  CancelSource now;
  ExplainRequest request = request_for("x = 1\n");
  request.answer_now = now.token();
  now.cancel();
  const Outcome outcome = explain(generator, request);
  ASSERT_TRUE(outcome.result->has_value());
  EXPECT_EQ((*outcome.result)->answer, "The answer.");
  EXPECT_EQ(generator.requests()[1].prompt.size(), generator.requests()[0].prompt.size() + 1 + 1 +
                                                       generator.tokenizer().encode("\n\n").size());
}

TEST(ExplainJob, SaysWhetherItSawAllOfTheCode) {
  FakeGenerator generator;
  generator.answer("</think>Short.");
  generator.answer("</think>Long.");
  EXPECT_TRUE((*explain(generator, request_for("x = 1\n")).result)->saw_all);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "x = 1\n";
  EXPECT_FALSE((*explain(generator, request_for(text)).result)->saw_all);
}

TEST(ExplainJob, AsksForTheAnswerOfAModelThatEndsInsideItsReasoning) {
  FakeGenerator generator;
  generator.answer("It adds.");
  generator.answer("Adds two numbers.");
  const Outcome outcome = explain(generator, request_for("x = 1\n"));
  EXPECT_EQ((*outcome.result)->reasoning, "It adds.");
  EXPECT_EQ((*outcome.result)->answer, "Adds two numbers.");
  EXPECT_TRUE(generator.prompt_text(1).ends_with("It adds.</think>\n\n"));
}

TEST(ExplainJob, EndsReasoningAndAnswerThatGoRoundInCircles) {
  std::string circle;
  for (int i = 0; i < 20; ++i) circle += "It adds the numbers.\n";
  FakeGenerator generator;
  generator.answer(circle);
  generator.answer(circle);
  const Outcome outcome = explain(generator, request_for("x = 1\n"));
  EXPECT_LT((*outcome.result)->reasoning.size(), circle.size() / 2);
  EXPECT_LT((*outcome.result)->answer.size(), circle.size() / 2);
  EXPECT_EQ((*outcome.result)->stats.stop, engine::StopReason::callback);
}

TEST(ExplainJob, HasNoAnswerIfTheReasoningFillsTheContext) {
  FakeGenerator generator;
  std::string numbers;
  for (int i = 0; i < 200; ++i) numbers += std::to_string(i * i) + " ";
  generator.answer(numbers);
  ExplainRequest request = request_for("x = 1\n");
  request.max_reasoning_tokens = 1000;
  const Outcome outcome = explain(generator, request, 128);
  ASSERT_TRUE(outcome.result->has_value());
  EXPECT_FALSE((*outcome.result)->reasoning.empty());
  EXPECT_EQ((*outcome.result)->answer, "");
  EXPECT_EQ(generator.requests().size(), 1u);
}

TEST(ExplainJob, EndsTheAnswerAtItsBudget) {
  FakeGenerator generator;
  generator.answer("Hm.</think>one two three four five six seven eight nine ten");
  ExplainRequest request = request_for("x = 1\n");
  request.max_answer_tokens = 4;
  const Outcome outcome = explain(generator, request);
  EXPECT_LE((*outcome.result)->answer.size(), 16u);
  EXPECT_FALSE((*outcome.result)->answer.empty());
}

TEST(ExplainJob, ExplainsWholeLines) {
  FakeGenerator generator;
  ExplainRequest request = request_for("a = 1\nbcd = 2\ne = 3\n");
  request.begin = 8;
  request.end = 9;
  explain(generator, request);
  EXPECT_NE(generator.prompt_text(0).find("```python\nbcd = 2\n```"), std::string::npos);
}

TEST(ExplainJob, CutsCodeThatDoesNotFitAtALineEnd) {
  FakeGenerator generator;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "value = " + std::to_string(i) + "\n";
  generator.answer("Hm.</think>Numbers.");
  explain(generator, request_for(text), 1024);
  ASSERT_EQ(generator.requests().size(), 1u);
  const std::string prompt = generator.prompt_text(0);
  EXPECT_LE(generator.requests()[0].prompt.size(), 512u);
  EXPECT_GE(generator.requests()[0].prompt.size(), 256u);
  EXPECT_NE(prompt.find("value = 0\nvalue = 1\n"), std::string::npos);
}

void check_fails(FakeGenerator& generator, ExplainRequest request, ErrorCode code) {
  const Outcome outcome = explain(generator, std::move(request), 256);
  ASSERT_FALSE(outcome.result->has_value());
  EXPECT_EQ(outcome.result->error().code, code) << outcome.result->error().message;
}

TEST(ExplainJob, FailsWithAReason) {
  FakeGenerator base(FakeGenerator::Options{.has_chat = false});
  check_fails(base, request_for("x = 1\n"), ErrorCode::unsupported);

  FakeGenerator generator;
  ExplainRequest outside = request_for("x = 1\n");
  outside.end = 100;
  check_fails(generator, outside, ErrorCode::invalid_argument);
  check_fails(generator, request_for(" \n\n"), ErrorCode::invalid_argument);

  ExplainRequest long_question = request_for("x = 1\n");
  long_question.question = std::string(10000, '?');
  check_fails(generator, long_question, ErrorCode::invalid_argument);

  generator.answer(FakeAnswer{.text = "Hm", .fails = true});
  check_fails(generator, request_for("x = 1\n"), ErrorCode::internal);

  CancelSource source;
  source.cancel();
  ExplainRequest cancelled = request_for("x = 1\n");
  cancelled.cancel = source.token();
  check_fails(generator, cancelled, ErrorCode::cancelled);
}

}  // namespace
}  // namespace fathom::completion
