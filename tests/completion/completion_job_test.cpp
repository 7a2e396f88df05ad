#include "completion/completion_job.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "completion/document.h"
#include "tests/completion/request_at.h"
#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeAnswer;
using test::FakeGenerator;

class Job : public testing::Test {
 protected:
  Result<Completion> run(std::string_view marked, CompletionOrder order) {
    const CompletionRequest request = request_at(marked);
    CompletionPlan plan = plan_completion(request, documents_.find(*request.snapshot), {},
                                          generator_.traits(), generator_.tokenizer(), 1024);
    std::optional<Result<Completion>> done;
    const auto job = std::make_shared<CompletionJob>(
        generator_, secrets_, std::move(plan), std::move(order), [&](Result<Completion> result) {
          EXPECT_FALSE(done.has_value()) << "done twice";
          done = std::move(result);
        });
    job->start();
    EXPECT_TRUE(done.has_value());
    return *std::move(done);
  }

  FakeGenerator generator_;
  Documents documents_;
  SecretFinder secrets_;
};

TEST_F(Job, PassesOnTheErrorOfTheSuggestionAndNotThatOfAnAlternative) {
  for (const bool first_fails : {true, false}) {
    generator_.answer(FakeAnswer{.text = "a;\n", .fails = first_fails});
    generator_.answer(FakeAnswer{.text = "b;\n", .fails = !first_fails});
    const auto completion = run("int $0\n", {.n = 2});
    EXPECT_EQ(completion.has_value(), !first_fails);
    if (completion) {
      EXPECT_TRUE(completion->alternatives.empty());
    }
  }
}

TEST_F(Job, DecodesAllSuggestionsOfOnePromptEachFromAnotherToken) {
  for (const char* answer : {"one();\n", "two();\n", "  one();\n"}) generator_.answer(answer);
  const auto completion = run("int f() {\n  $0\n}\n", {.n = 3, .masked_secrets = 4});
  EXPECT_EQ(completion->text, "one();");
  EXPECT_EQ(completion->masked_secrets, 4);
  ASSERT_EQ(completion->alternatives.size(), 1u) << "other blanks are no alternative";
  EXPECT_EQ(completion->alternatives[0].text, "two();");
  const auto requests = generator_.requests();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(requests.at(i).first_rank, i);
    EXPECT_EQ(requests.at(i).prompt, requests.at(0).prompt);
  }
}

TEST_F(Job, ADraftKnowsNothingOfTheOthers) {
  // Each has a rule of its own for the end of the block.
  generator_.answer("\n  a();\n}\nint x;\n");
  generator_.answer("\n  if (b) {\n    c();\n  }\n}\nint x;\n");
  const auto completion = run("int f() {$0\n", {.n = 2});
  EXPECT_EQ(completion->text, "\n  a();\n}");
  EXPECT_EQ(completion->alternatives.at(0).text, "\n  if (b) {\n    c();\n  }\n}");
}

TEST_F(Job, WarmsUpWithoutATokenAndAheadOfNobody) {
  generator_.answer("1;\n");
  const auto completion = run("int a = $0\n", {.purpose = Purpose::warm_up});
  EXPECT_EQ(completion->text, "");
  EXPECT_EQ(generator_.requests().at(0).max_tokens, 0);
  EXPECT_EQ(generator_.requests().at(0).priority, engine::Priority::speculation);
}

TEST_F(Job, TellsOfNothingOnceItIsCancelled) {
  generator_.answer("compute(width, height);\n");
  CancelSource source;
  int n_updates = 0;
  const auto completion =
      run("int a = $0\n", {.cancel = source.token(), .on_update = [&](const Completion&) {
                             ++n_updates;
                             source.cancel();
                           }});
  EXPECT_EQ(completion.error().code, ErrorCode::cancelled);
  EXPECT_EQ(n_updates, 1);
}

}  // namespace
}  // namespace fathom::completion
