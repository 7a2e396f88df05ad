#include "completion/completion_plan.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using engine::StopReason;
using test::FakeGenerator;

struct Options {
  std::string language = "cpp";
  Trigger trigger = Trigger::automatic;
  int max_tokens = 0;
  int max_request_tokens = 1024;
  int max_lines = 0;
  int min_confidence = kDefaultMinConfidence;
};

class Plan : public testing::Test {
 protected:
  CompletionPlan plan(std::string_view marked, Options options = {}) {
    const auto [text, cursor] = test::take_cursor(marked);
    const CompletionRequest request{
        .snapshot = std::make_shared<Snapshot>(
            Snapshot{.uri = "file:///a", .path = "a", .language = options.language, .text = text}),
        .cursor = cursor,
        .trigger = options.trigger,
        .max_tokens = options.max_tokens,
        .max_lines = options.max_lines,
        .min_confidence = options.min_confidence,
    };
    return plan_completion(request, documents_.find(*request.snapshot), {}, generator_.traits(),
                           generator_.tokenizer(), options.max_request_tokens);
  }

  Completion finish(const CompletionPlan& plan, std::string_view generated,
                    engine::GenerateResult result = {}) {
    Draft draft(plan);
    draft.rules.feed(plan.generate.forced_prefix + std::string(generated));
    return finish_completion(plan, draft, result, secrets_);
  }

  FakeGenerator generator_;
  Documents documents_;
  SecretFinder secrets_;
};

TEST_F(Plan, AsksForALineOrABlockBySyntax) {
  EXPECT_EQ(plan("int a = $0").generate.max_tokens, 32);
  EXPECT_EQ(plan("void f() {$0").generate.max_tokens, 128);
  EXPECT_EQ(plan("void f() {$0", {.language = "plain"}).generate.max_tokens, 32);
  EXPECT_EQ(plan("void f() {$0", {.max_tokens = 7}).generate.max_tokens, 7);
}

TEST_F(Plan, AddsNoSyntaxErrorToATextThatHasNone) {
  const std::string_view place = "void f(int a) {\n  $0\n}\n";
  EXPECT_EQ(finish(plan(place), "g(a);\n").text, "g(a);");
  EXPECT_EQ(finish(plan(place), "g(a;\n").stop, "filtered:syntax");
  EXPECT_EQ(finish(plan("void f(int a) {\n  b();\n  $0\n"), "g(a;\n").text, "g(a;") << "it has";
}

TEST_F(Plan, CompletesABlockThatTheLineOpensWhereItWouldBreakTheText) {
  const std::string_view place = "void f(int a) {\n  b();\n  $0\n}\n";
  EXPECT_EQ(finish(plan(place), "if (a) {\n    g();\n  }\n  h();\n").text,
            "if (a) {\n    g();\n  }");
  EXPECT_EQ(finish(plan(place), "if (a) {\n    g();\n", {.stop = StopReason::max_tokens}).text,
            "if (a) {\n    g();\n  }");
  EXPECT_EQ(finish(plan("void f(int a) {\n  b();\n  $0\n"), "if (a) {\n    g();\n").text,
            "if (a) {");
  EXPECT_EQ(finish(plan("def f(a):\n    b()\n    $0\n    return a\n", {.language = "python"}),
                   "if a:\n        g()\n    return a\n")
                .text,
            "if a:\n        g()");
}

TEST_F(Plan, ShowsTheHeaderOfABlockWhereOneLineIsWanted) {
  const Options one_line{.max_lines = 1};
  const std::string_view place = "void f(int a) {\n  b();\n  $0\n}\n";
  EXPECT_EQ(finish(plan(place, one_line), "if (a) {\n    g();\n").text, "if (a) {");
  EXPECT_EQ(finish(plan("void f(int a) {\n  b();$0\n}\n", one_line), "\n  if (a) {\n    g();").text,
            "\n  if (a) {");
  EXPECT_EQ(finish(plan("void f(int a) {$0}\n", one_line), "\n  if (a) {\n    g();\n  }\n}").text,
            "\n  if (a) {\n}");
  EXPECT_EQ(finish(plan("void f(int a) {\n  $0\n}\n", one_line), "if (a) {\n    g();\n").text,
            "if (a) {");
  EXPECT_EQ(finish(plan("def f(a):\n    b()\n    $0\n    return a\n",
                        {.language = "python", .max_lines = 1}),
                   "if a:\n        g()\n")
                .text,
            "if a:");
  EXPECT_EQ(finish(plan(place, one_line), "if (a)) {\n    g();\n").stop, "filtered:syntax");
  EXPECT_EQ(finish(plan(place, one_line), "g(a;\n").stop, "filtered:syntax");
}

TEST_F(Plan, HidesWhatTheModelIsNotSureOf) {
  const engine::GenerateResult unsure{.mean_logprob = -3.0f};  // 5 %
  EXPECT_EQ(finish(plan("int a = $0", {.min_confidence = 10}), "b;\n", unsure).stop,
            "filtered:confidence");
  EXPECT_EQ(finish(plan("int a = $0", {.min_confidence = 4}), "b;\n", unsure).text, "b;");
  EXPECT_EQ(finish(plan("int a = $0", {.min_confidence = 0}), "b;\n", {.mean_logprob = -50}).text,
            "b;");
  const Options by_hand{.trigger = Trigger::invoked, .min_confidence = 10};
  EXPECT_EQ(finish(plan("int a = $0", by_hand), "b;\n", unsure).text, "b;");
}

TEST_F(Plan, ShowsAPartThatOnlyGrows) {
  const CompletionPlan made = plan("int a = $0\nint b;\n");
  Draft draft(made);
  const auto part = [&](std::string_view bytes) {
    draft.rules.feed(bytes);
    const auto partial = partial_completion(made, draft, -0.1f, secrets_);
    return partial ? partial->text : "";
  };
  draft.rules.feed(made.generate.forced_prefix);
  EXPECT_EQ(part("com"), "") << "not a whole word";
  EXPECT_EQ(part("pute + wid"), "compute +");
  EXPECT_EQ(part("th"), "") << "no more than before";
  EXPECT_EQ(finish_completion(made, draft, {.mean_logprob = -50}, secrets_).text, "compute +")
      << "what was shown stays";
}

TEST_F(Plan, ShowsNoPartThatTheResultMayNotBeginWith) {
  const auto part = [&](std::string_view marked, std::string_view bytes, float logprob = -0.1f) {
    const CompletionPlan made = plan(marked);
    Draft draft(made);
    draft.rules.feed(made.generate.forced_prefix + std::string(bytes));
    const auto partial = partial_completion(made, draft, logprob, secrets_);
    return partial ? partial->text : "";
  };
  EXPECT_EQ(part("int a = f($0);\n", "b, c"), "") << "text behind the cursor";
  EXPECT_EQ(part("  compute(width);\n  $0\n", "compute(wid"), "") << "may become the line above";
  EXPECT_EQ(part("int a = $0\n", "b + c", -9), "") << "not sure";
  EXPECT_EQ(part("int a;\n$0\nint b;\n", "int c, d"), "") << "breaks the text";
  EXPECT_EQ(part("void f() {$0\n", "\n  g();\n  h(", -0.1f), "\n  g();") << "whole lines";
}

TEST_F(Plan, MustNotComeBackEmptyIfAskedByHand) {
  EXPECT_FALSE(plan("int a = $0").generate.forbid_empty);
  EXPECT_TRUE(plan("int a = $0", {.trigger = Trigger::invoked}).generate.forbid_empty);
}

TEST_F(Plan, StaysWithinTheRequestsTokens) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "int a = b + c;\n";
  std::string dense;  // several tokens a character
  for (int i = 0; i < 20000; ++i) dense += "\xe2\x82\xac";
  for (const std::string& text : {lines, dense, lines + dense}) {
    for (const int max : {200, 1024, 100000}) {
      const CompletionPlan made = plan(text + "$0" + text, {.max_request_tokens = max});
      const int n_prompt = static_cast<int>(made.generate.prompt.size());
      EXPECT_LE(n_prompt + made.generate.max_tokens, max);
      EXPECT_LE(n_prompt, 3 * 2048 / 2);
    }
    const CompletionPlan made = plan(text + "$0", {.max_tokens = 900});
    EXPECT_LE(made.generate.prompt.size() + 900, 1024u);
  }
}

TEST_F(Plan, CutsThePrefixAtTheSamePlaceForALineAndABlock) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "int a = b + c;\n";
  const auto line = plan(text + "void f() $0").generate.prompt;
  const auto block = plan(text + "void f() {$0").generate.prompt;
  EXPECT_TRUE(std::equal(line.begin(), line.begin() + 500, block.begin()));
}

TEST_F(Plan, RestoresTheDocumentsLineEnds) {
  const Completion completion = finish(plan("int a;\r\nvoid f() {$0"), "\n  g();\n}\n");
  EXPECT_EQ(completion.text, "\r\n  g();\r\n}");
}

TEST_F(Plan, SaysWhatEndedTheText) {
  EXPECT_EQ(finish(plan("int a = $0"), "1;\n").stop, "line");
  EXPECT_EQ(finish(plan("void f() {$0"), "\n}\n").stop, "block");
  EXPECT_EQ(finish(plan("int a = $0"), "1;", {.stop = StopReason::end_token}).stop, "end_token");
  EXPECT_EQ(finish(plan("int a = $0"), "1;", {.stop = StopReason::max_tokens}).stop, "max_tokens");
  EXPECT_EQ(finish(plan("int a = $0"), "  ").stop, "filtered:empty");
}

TEST_F(Plan, DropsTheLineThatTheLimitCutsInABlock) {
  const Completion completion =
      finish(plan("void f() {$0"), "\n  g();\n  int al", {.stop = StopReason::max_tokens});
  EXPECT_EQ(completion.text, "\n  g();");
}

TEST_F(Plan, DropsTheLinesBehindASyntaxErrorOfABlock) {
  EXPECT_EQ(finish(plan("void f() {\n  $0\n}\n"), "g();\n  for for (;\n}").text, "g();");
  EXPECT_EQ(finish(plan("void f() {\n  $0\n}\n"), "for for (;\n}").stop, "filtered:syntax");
}

TEST_F(Plan, KeepsNothingOfALoop) {
  EXPECT_EQ(finish(plan("int a = $0"), "b + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1").stop,
            "filtered:loop");
}

TEST_F(Plan, HidesOnlyWhatTheModelTakesForNoiseAndOnlyUnasked) {
  const Options invoked{.trigger = Trigger::invoked};
  EXPECT_EQ(finish(plan("int a = $0"), "1;", {.mean_logprob = -3.0f}).text, "1;");
  EXPECT_EQ(finish(plan("int a = $0"), "1;", {.mean_logprob = -5.0f}).stop, "filtered:confidence");
  EXPECT_EQ(finish(plan("int a = $0", invoked), "1;", {.mean_logprob = -5.0f}).text, "1;");
}

}  // namespace
}  // namespace fathom::completion
