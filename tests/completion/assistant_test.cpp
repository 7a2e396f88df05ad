// The whole pipeline with a scripted model.

#include "completion/assistant.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "completion/counters.h"
#include "tests/completion/request_at.h"
#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeAnswer;
using test::FakeGenerator;

Result<Completion> complete(Assistant& assistant, CompletionRequest request) {
  std::optional<Result<Completion>> done;
  assistant.complete(std::move(request), [&](Result<Completion> result) {
    EXPECT_FALSE(done.has_value()) << "done twice";
    done = std::move(result);
  });
  EXPECT_TRUE(done.has_value()) << "inline, but not done";
  return *std::move(done);
}

/// The buffer after accepting what the pipeline makes of `answer`.
void check(std::string_view language, std::string_view marked, std::string_view answer,
           std::string_view expected) {
  for (const bool line_anchored : {true, false}) {
    FakeGenerator generator(FakeGenerator::Options{.line_anchored = line_anchored});
    generator.answer(std::string(answer));
    Log log;
    Assistant assistant(generator, log, {.threads = false});
    const CompletionRequest request = request_at(marked, std::string(language));
    const auto completion = complete(assistant, request);
    ASSERT_TRUE(completion.has_value()) << completion.error().message;
    std::string text = request.snapshot->text;
    text.replace(completion->replace_begin, completion->replace_end - completion->replace_begin,
                 completion->text);
    EXPECT_EQ(text, expected) << completion->stop;
  }
}

TEST(Assistant, CompletesALine) {
  check("cpp", "int f(int a) {\n  retu$0\n}\n", "rn a;\n}\n", "int f(int a) {\n  return a;\n}\n");
  check("go", "x := fmt.$0\n", "Sprint(1)\ny := 2\n", "x := fmt.Sprint(1)\n");
  check("markdown", "one $0", "two\nthree\n", "one two");
}

TEST(Assistant, EndsWhereTheModelWritesAMarkerInsteadOfCode) {
  check("cpp", "int f(int a) {\n  retu$0\n}\n", "rn a;</think>more",
        "int f(int a) {\n  return a;\n}\n");
  check("cpp", "int f(int a) {\n  $0\n}\n", "</think>return a;", "int f(int a) {\n  \n}\n");
}

TEST(Assistant, CompletesABlock) {
  check("c", "int f(int a) {$0\n",
        "\n  if (a) {\n    return 1;\n  }\n  return a;\n}\n\nint g() {\n",
        "int f(int a) {\n  if (a) {\n    return 1;\n  }\n  return a;\n}\n");
  check("python", "def f(a):$0\n\nprint(f(1))\n", "\n    b = a + 1\n    return b\n\nprint(f(1))\n",
        "def f(a):\n    b = a + 1\n    return b\n\nprint(f(1))\n");
  check("java", "class A {\n  int f() {\n    $0\n  }\n}\n", "return 1;\n  }\n\n  int g() {",
        "class A {\n  int f() {\n    return 1;\n  }\n}\n");
  check("lua", "function f(a)\n  $0\nend\n", "return a\nend\n\nprint(1)\n",
        "function f(a)\n  return a\nend\n");
  check("rust", "fn f() -> i32 {$0}\n", "\n    let a = 1;\n    a\n}\n\nfn g",
        "fn f() -> i32 {\n    let a = 1;\n    a\n}\n");
  check("typescript", "const f = (a: number) => {$0};\n", "\n  return a;\n};\n",
        "const f = (a: number) => {\n  return a;\n};\n");
}

TEST(Assistant, KeepsCrlfAndByteOrderMark) {
  check("cpp", "\xEF\xBB\xBFint a;\r\nvoid f() {$0\r\n", "\n  g();\n}\n",
        "\xEF\xBB\xBFint a;\r\nvoid f() {\r\n  g();\r\n}\r\n");
}

TEST(Assistant, SaysWhyThereIsNothingToSuggest) {
  FakeGenerator generator;
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  EXPECT_EQ(complete(assistant, request_at("retu$0rn"))->stop, "filtered:mid_word");
  CompletionRequest secret = request_at("KEY=$0");
  secret.snapshot = std::make_shared<Snapshot>(Snapshot{.uri = "file:///.env", .text = "KEY="});
  EXPECT_EQ(complete(assistant, secret)->stop, "filtered:secret_file");
  EXPECT_TRUE(generator.requests().empty());
}

TEST(Assistant, CountsWhatBecameOfEachRequest) {
  FakeGenerator generator;
  generator.answer("1;\n");
  generator.answer(FakeAnswer{.text = "x", .fails = true});
  Log log;
  const auto counters = std::make_shared<Counters>();
  Assistant assistant(generator, log, {.threads = false, .counters = counters});
  complete(assistant, request_at("int a = $0\n"));
  complete(assistant, request_at("int a = 1$0\n"));
  complete(assistant, request_at("retu$0rn"));
  complete(assistant, request_at("int b = $0\n"));
  const CompletionCounts counts = counters->counts();
  EXPECT_EQ(counts.requests, 4u);
  EXPECT_EQ(counts.shown, 2u);
  EXPECT_EQ(counts.from_cache, 1u);
  EXPECT_EQ(counts.filtered.at("mid_word"), 1u);
  EXPECT_EQ(counts.failed, 1u);
}

TEST(Assistant, TellsWhatCanBeShownWhileTheModelWrites) {
  FakeGenerator generator;
  generator.answer("\n  compute(width, height);\n  return width;\n}\n");
  Log log;
  Assistant assistant(generator, log, {.threads = false, .update_interval_ms = 0});
  std::string shown;
  int n_updates = 0;
  std::optional<Result<Completion>> done;
  assistant.complete(
      request_at("int f() {$0\n"),
      [&](const Completion& partial) {
        EXPECT_FALSE(done.has_value());
        EXPECT_TRUE(partial.text.starts_with(shown)) << shown;
        EXPECT_GT(partial.text.size(), shown.size());
        shown = partial.text;
        ++n_updates;
      },
      [&](Result<Completion> result) { done = std::move(result); });
  ASSERT_TRUE(done.has_value() && done->has_value());
  EXPECT_EQ(n_updates, 2);
  EXPECT_TRUE((*done)->text.starts_with(shown));
  EXPECT_EQ((*done)->text, "\n  compute(width, height);\n  return width;\n}");
}

TEST(Assistant, RefusesACursorOutsideTheText) {
  FakeGenerator generator;
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  CompletionRequest request = request_at("int a;$0");
  request.cursor = 100;
  const auto result = complete(assistant, request);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
}

TEST(Assistant, RefusesAModelThatWasNotTrainedToFillIn) {
  FakeGenerator generator(
      FakeGenerator::Options{.has_fim = false, .fim_refusal = "it is an instruct model"});
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  const auto completion = complete(assistant, request_at("int a$0\n"));
  ASSERT_FALSE(completion.has_value());
  EXPECT_EQ(completion.error().code, ErrorCode::unsupported);
  EXPECT_EQ(completion.error().message,
            "scripted was not trained to fill in the middle: it is an instruct model. Take a base "
            "model, or try --force-fim");
  EXPECT_TRUE(generator.requests().empty());
}

TEST(Assistant, PassesOnTheGeneratorsError) {
  FakeGenerator generator;
  generator.answer(FakeAnswer{.text = "x", .fails = true});
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  EXPECT_EQ(complete(assistant, request_at("int $0")).error().code, ErrorCode::internal);
}

TEST(Assistant, AnswersFromTheCacheWhenTheSuggestionIsTyped) {
  FakeGenerator generator;
  generator.answer("make_grid(width, height);\n");
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  std::string text;
  for (int i = 0; i < 300; ++i) text += "int value_" + std::to_string(i) + " = compute();\n";
  const auto first = complete(assistant, request_at(text + "auto grid = $0"));
  ASSERT_EQ(first->text, "make_grid(width, height);");
  for (size_t n = 1; n < first->text.size(); ++n) {
    const auto rest =
        complete(assistant, request_at(text + "auto grid = " + first->text.substr(0, n) + "$0"));
    EXPECT_EQ(rest->text, first->text.substr(n));
    EXPECT_EQ(rest->stop, "cache");
  }
  EXPECT_EQ(generator.requests().size(), 1u);
}

TEST(Assistant, IsDeterministic) {
  const auto run = [] {
    FakeGenerator generator;
    generator.answer("x + 1;\n");
    Log log;
    Assistant assistant(generator, log, {.threads = false});
    const auto completion = complete(assistant, request_at("int a;\nint b = $0\nint c;\n"));
    return completion->text + completion->stop + generator.prompt_text(0);
  };
  EXPECT_EQ(run(), run());
}

TEST(Assistant, SuggestsOnTheCursorsLineWhateverTheModelSays) {
  const std::string_view answers[] = {"\n",          "}",        ")))",           "\n}\n}\n}\n",
                                      "a)\n.b(c)\n", "\r\n\r\n", "\xff\xfe",      "((((",
                                      "\"'`",        "<|EOT|>",  "x;\nreturn;\n}"};
  const std::string_view places[] = {
      "$0",          "f($0)",      "f($0);\r\n",        "void f() {$0}\r\nint b;",
      "  $0  \nx\n", "a\n$0\nb\n", "if (a) {\n  $0\n}", "g(\"$0\")",
      "f($0, b)\n"};
  for (const std::string_view answer : answers) {
    for (const std::string_view place : places) {
      FakeGenerator generator;
      generator.answer(std::string(answer));
      Log log;
      Assistant assistant(generator, log, {.threads = false});
      CompletionRequest request = request_at(place);
      request.trigger = Trigger::invoked;
      const auto completion = complete(assistant, request);
      ASSERT_TRUE(completion.has_value());
      const std::string& text = request.snapshot->text;
      EXPECT_EQ(completion->replace_begin, request.cursor);
      ASSERT_GE(completion->replace_end, request.cursor);
      const std::string replaced =
          text.substr(request.cursor, completion->replace_end - request.cursor);
      EXPECT_EQ(replaced.find_first_of("\r\n"), std::string::npos);
      if (completion->text.find('\n') != std::string::npos) {
        const bool at_end = completion->replace_end == text.size() ||
                            text.find_first_of("\r\n", request.cursor) == completion->replace_end;
        EXPECT_TRUE(at_end) << place << " + " << answer;
      }
    }
  }
}

TEST(Assistant, PassesOverAFiveMegabyteLine) {
  FakeGenerator generator;
  generator.answer("x");
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  const std::string half(5 << 19, '(');
  const auto start = std::chrono::steady_clock::now();
  const auto completion = complete(assistant, request_at(half + "$0" + half));
  EXPECT_TRUE(completion.has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// Made, not written: nobody who scans the sources finds a token.
const std::string kToken = "ghp_" + std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");

TEST(Assistant, ShowsTheModelNoSecretOfTheDocument) {
  FakeGenerator generator;
  generator.answer("1;");
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  const auto completion =
      complete(assistant, request_at("auto a = \"" + kToken + "\";\nint b = $0\nint c;\n"));
  ASSERT_TRUE(completion.has_value()) << completion.error().message;
  EXPECT_EQ(completion->text, "1;");
  EXPECT_EQ(completion->masked_secrets, 1);
  const std::string prompt = generator.prompt_text(0);
  EXPECT_EQ(prompt.find("ghp_"), std::string::npos) << prompt;
  EXPECT_NE(prompt.find("auto a = \"****"), std::string::npos) << prompt;
}

TEST(Assistant, ExplainsWithoutTheSecretsOfCodeAndQuestion) {
  FakeGenerator generator;
  generator.answer("</think>It works.");
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  std::optional<Result<Explanation>> done;
  const auto snapshot = request_at("auto a = \"" + kToken + "\";$0").snapshot;
  assistant.explain({.snapshot = snapshot,
                     .begin = 0,
                     .end = snapshot->text.size(),
                     .question = "Is " + kToken + " safe?"},
                    nullptr, [&](Result<Explanation> result) { done = std::move(result); });
  ASSERT_TRUE(done.has_value() && done->has_value());
  EXPECT_EQ((*done)->masked_secrets, 1);
  EXPECT_EQ(generator.prompt_text(0).find("ghp_"), std::string::npos);
}

TEST(Assistant, ShowsTheModelOtherFilesWithoutTheirSecrets) {
  FakeGenerator generator;
  generator.answer("1;");
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  const auto file = [](std::string path, std::string text) {
    return std::make_shared<Snapshot>(
        Snapshot{.path = std::move(path), .language = "cpp", .text = std::move(text)});
  };
  CompletionRequest request = request_at("int b = $0\n");
  request.related = {file(".env", "int hidden;\n"), file("x.h", "int shown;\n// " + kToken + "\n")};
  const auto completion = complete(assistant, request);
  ASSERT_TRUE(completion.has_value());
  EXPECT_EQ(completion->masked_secrets, 1);
  EXPECT_EQ(completion->context.at(0).kind, "related");
  EXPECT_EQ(completion->context.at(0).path, "x.h");
  const std::string prompt = generator.prompt_text(0);
  EXPECT_NE(prompt.find("#x.h\nint shown;\n// ****"), std::string::npos) << prompt;
  EXPECT_EQ(prompt.find("hidden"), std::string::npos) << prompt;
  EXPECT_EQ(prompt.find("ghp_"), std::string::npos) << prompt;
}

TEST(Assistant, SuggestsNothingInsideASecret) {
  FakeGenerator generator;
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  const auto completion = complete(assistant, request_at("auto a = \"" + kToken + "$0"));
  ASSERT_TRUE(completion.has_value());
  EXPECT_EQ(completion->stop, "filtered:secret");
  EXPECT_TRUE(generator.requests().empty());
}

TEST(Assistant, GivesAlternativesBesideTheSuggestionThatItGivesAlone) {
  FakeGenerator generator;
  for (const char* answer : {"one();\n", "two();\n", "one();\n", "", "three();\n"})
    generator.answer(answer);
  Log log;
  Assistant assistant(generator, log, {.threads = false});
  CompletionRequest request = request_at("int f() {\n  $0\n}\n");
  request.n = 5;
  const auto completion = complete(assistant, request);
  ASSERT_TRUE(completion.has_value());
  EXPECT_EQ(completion->text, "one();");
  std::vector<std::string> others;
  for (const Alternative& other : completion->alternatives) {
    others.push_back(other.text);
    EXPECT_EQ(other.replace_begin, request.cursor);
  }
  EXPECT_EQ(others, std::vector<std::string>({"two();", "three();"}));

  const auto requests = generator.requests();
  ASSERT_EQ(requests.size(), 5u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(requests[i].first_rank, i);
    EXPECT_EQ(requests[i].prompt, requests[0].prompt);
  }
  // All are known now; the suggestion comes first.
  EXPECT_EQ(complete(assistant, request_at("int f() {\n  $0\n}\n"))->text, "one();");
  EXPECT_EQ(complete(assistant, request_at("int f() {\n  tw$0\n}\n"))->text, "o();");
  const auto again = complete(assistant, request);
  EXPECT_EQ(again->text, "one();");
  EXPECT_EQ(again->stop, "cache");
  EXPECT_EQ(again->alternatives.size(), 2u);
  EXPECT_EQ(generator.requests().size(), 5u);
}

TEST(Assistant, ComputesAheadWhatFollowsAnAcceptedSuggestion) {
  FakeGenerator generator;
  generator.answer("1;\n");
  generator.answer("\nint b;\n");
  Log log;
  Assistant assistant(generator, log, {.threads = false, .may_speculate = [] { return true; }});
  EXPECT_EQ(complete(assistant, request_at("int a = $0\n"))->text, "1;");
  ASSERT_EQ(generator.requests().size(), 2u);
  EXPECT_EQ(generator.requests()[1].priority, engine::Priority::speculation);

  const auto next = complete(assistant, request_at("int a = 1;$0\n"));
  EXPECT_EQ(next->stop, "cache");
  EXPECT_EQ(next->text, "\nint b;");
}

TEST(Assistant, ComputesNothingAheadUnlessItMay) {
  for (const bool may : {true, false}) {
    FakeGenerator generator;
    generator.answer("");  // nothing to suggest, nothing to follow
    generator.answer("1;\n");
    Log log;
    AssistantOptions options = {.threads = false, .may_speculate = [may] { return may; }};
    Assistant assistant(generator, log, options);
    complete(assistant, request_at("int b = $0\n"));
    EXPECT_EQ(generator.requests().size(), 1u);
    complete(assistant, request_at("int a = $0\n"));
    EXPECT_EQ(generator.requests().size(), may ? 3u : 2u);
  }
}

TEST(Assistant, WarmsUpAPromptWithoutGenerating) {
  FakeGenerator generator;
  Log log;
  Assistant assistant(generator, log, {.threads = false, .may_speculate = [] { return true; }});
  assistant.warm_up(request_at("int a = $0\n"));
  ASSERT_EQ(generator.requests().size(), 1u);
  EXPECT_EQ(generator.requests()[0].max_tokens, 0);
  EXPECT_EQ(generator.requests()[0].priority, engine::Priority::speculation);
  generator.answer("1;\n");
  EXPECT_EQ(complete(assistant, request_at("int a = $0\n"))->text, "1;");
  EXPECT_EQ(generator.requests()[1].prompt, generator.requests()[0].prompt);
}

}  // namespace
}  // namespace fathom::completion
