// The whole pipeline with a scripted model.

#include "completion/assistant.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "completion/counters.h"
#include "tests/support/fake_generator.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::FakeAnswer;
using test::FakeGenerator;
using test::take_cursor;

CompletionRequest request_at(std::string_view marked, std::string language = "cpp",
                             std::string uri = "file:///a.cpp") {
  auto [text, cursor] = take_cursor(marked);
  return {.snapshot = std::make_shared<Snapshot>(Snapshot{.uri = std::move(uri),
                                                          .path = "a.cpp",
                                                          .language = std::move(language),
                                                          .text = std::move(text)}),
          .cursor = cursor};
}

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

// With threads. Everything waits for something that happens, never for time to pass.

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
  // Both are known now; the suggestion comes first.
  EXPECT_EQ(complete(assistant, request_at("int f() {\n  $0\n}\n"))->text, "one();");
  EXPECT_EQ(complete(assistant, request_at("int f() {\n  tw$0\n}\n"))->text, "o();");
  EXPECT_EQ(generator.requests().size(), 5u);
}

TEST(Assistant, PassesOnTheErrorOfTheSuggestionAndNotThatOfAnAlternative) {
  Log log;
  for (const bool first_fails : {true, false}) {
    FakeGenerator generator;
    generator.answer(FakeAnswer{.text = "a;\n", .fails = first_fails});
    generator.answer(FakeAnswer{.text = "b;\n", .fails = !first_fails});
    Assistant assistant(generator, log, {.threads = false});
    CompletionRequest request = request_at("int $0\n");
    request.n = 2;
    EXPECT_EQ(complete(assistant, request).has_value(), !first_fails);
  }
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

class Threads : public testing::Test {
 protected:
  std::future<Result<Completion>> start(CompletionRequest request) {
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    assistant_->complete(std::move(request), [promise](Result<Completion> result) {
      promise->set_value(std::move(result));  // throws if it is called twice
    });
    return promise->get_future();
  }

  static ErrorCode code_of(std::future<Result<Completion>>& future) {
    const auto result = future.get();
    return result ? ErrorCode::internal : result.error().code;
  }

  FakeGenerator generator_{FakeGenerator::Options{.threads = true}};
  Log log_;
  std::unique_ptr<Assistant> assistant_ =
      std::make_unique<Assistant>(generator_, log_, AssistantOptions{.threads = true});
};

TEST_F(Threads, ANewerRequestCancelsTheOlderOneOfItsDocument) {
  generator_.answer(FakeAnswer{.text = "old", .hold = true});
  generator_.answer("new");
  auto older = start(request_at("int a = $0"));
  generator_.wait_for_started(1);
  auto newer = start(request_at("int ab = $0"));
  EXPECT_EQ(code_of(older), ErrorCode::cancelled);
  EXPECT_EQ(newer.get()->text, "new");
}

TEST_F(Threads, RequestsOfTwoDocumentsDoNotDisturbEachOther) {
  generator_.answer(FakeAnswer{.text = "one", .hold = true});
  generator_.answer("two");
  auto first = start(request_at("int a = $0", "cpp", "file:///1"));
  generator_.wait_for_started(1);
  auto second = start(request_at("int a = $0", "cpp", "file:///2"));
  generator_.release();
  EXPECT_EQ(first.get()->text, "one");
  EXPECT_EQ(second.get()->text, "two");
}

TEST_F(Threads, AClientCanCancelItsRequest) {
  generator_.answer(FakeAnswer{.text = "x", .hold = true});
  CancelSource source;
  CompletionRequest request = request_at("int a = $0");
  request.cancel = source.token();
  auto future = start(std::move(request));
  generator_.wait_for_started(1);
  source.cancel();
  EXPECT_EQ(code_of(future), ErrorCode::cancelled);
}

TEST_F(Threads, ClosingADocumentCancelsItsRequest) {
  generator_.answer(FakeAnswer{.text = "x", .hold = true});
  auto future = start(request_at("int a = $0"));
  generator_.wait_for_started(1);
  assistant_->close({.client = 0, .uri = "file:///a.cpp"});
  EXPECT_EQ(code_of(future), ErrorCode::cancelled);
}

CompletionRequest request_of(uint64_t client, std::string_view marked) {
  CompletionRequest request = request_at(marked);
  Snapshot snapshot = *request.snapshot;
  snapshot.client = client;
  request.snapshot = std::make_shared<const Snapshot>(std::move(snapshot));
  return request;
}

TEST_F(Threads, TwoClientsWithTheSameFileDoNotDisturbEachOther) {
  generator_.answer(FakeAnswer{.text = "one", .hold = true});
  generator_.answer("two");
  auto first = start(request_of(1, "int a = $0"));
  generator_.wait_for_started(1);
  auto second = start(request_of(2, "int b = $0"));
  assistant_->close({.client = 2, .uri = "file:///b.cpp"});
  generator_.release();
  EXPECT_EQ(first.get()->text, "one");
  EXPECT_EQ(second.get()->text, "two");
}

TEST_F(Threads, AClientThatLeavesTakesOnlyItsOwn) {
  generator_.answer(FakeAnswer{.text = "one", .hold = true});
  generator_.answer(FakeAnswer{.text = "two", .hold = true});
  generator_.answer(FakeAnswer{.text = "three", .hold = true});
  auto gone = start(request_of(1, "int a = $0"));
  generator_.wait_for_started(1);
  auto stays = start(request_of(2, "int a = $0"));
  std::promise<ErrorCode> explained;
  assistant_->explain(
      {.snapshot = request_of(1, "int a;$0").snapshot}, [](Channel, std::string_view) {},
      [&](const Result<Explanation>& result) {
        explained.set_value(result ? ErrorCode::internal : result.error().code);
      });
  assistant_->close_client(1);
  EXPECT_EQ(code_of(gone), ErrorCode::cancelled);
  generator_.release();
  EXPECT_EQ(stays.get()->text, "two");
  EXPECT_EQ(explained.get_future().get(), ErrorCode::cancelled);
}

TEST_F(Threads, TheDestructorAnswersEverything) {
  generator_.answer(FakeAnswer{.text = "x", .hold = true});
  auto completion = start(request_at("int a = $0"));
  std::promise<Result<Explanation>> explained;
  assistant_->explain({.snapshot = request_at("int a;$0").snapshot, .begin = 0, .end = 6}, nullptr,
                      [&](Result<Explanation> result) { explained.set_value(std::move(result)); });
  generator_.wait_for_started(1);
  assistant_.reset();
  EXPECT_EQ(code_of(completion), ErrorCode::cancelled);
  const auto explanation = explained.get_future().get();
  ASSERT_FALSE(explanation.has_value());
  EXPECT_EQ(explanation.error().code, ErrorCode::cancelled);
}

class Speculation : public Threads {
 protected:
  Speculation() {
    assistant_ = std::make_unique<Assistant>(
        generator_, log_, AssistantOptions{.threads = true, .may_speculate = [] { return true; }});
    generator_.answer("1;\n");
    generator_.answer(FakeAnswer{.text = "ahead", .hold = true});
    EXPECT_EQ(start(request_at("int a = $0\n")).get()->text, "1;");
    generator_.wait_for_started(2);  // what follows is being computed, until it is cancelled
  }

  bool is_cancelled() { return generator_.requests().at(1).cancel.cancelled(); }
};

TEST_F(Speculation, GivesWayToTheNextRequestOfItsDocument) {
  EXPECT_FALSE(is_cancelled());
  EXPECT_FALSE(assistant_->busy());
  generator_.answer("2;\n");
  EXPECT_EQ(start(request_at("int b = $0\n")).get()->text, "2;");
  EXPECT_TRUE(is_cancelled());
}

TEST_F(Speculation, StopsWhenItsDocumentIsEdited) {
  assistant_->edited({.uri = "file:///other"});
  EXPECT_FALSE(is_cancelled());
  assistant_->edited({.uri = "file:///a.cpp"});
  EXPECT_TRUE(is_cancelled());
}

TEST_F(Speculation, StopsWhenItsDocumentIsClosed) {
  assistant_->close({.uri = "file:///a.cpp"});
  EXPECT_TRUE(is_cancelled());
}

TEST_F(Speculation, DoesNotBeginWhileTheModelIsBusy) {
  assistant_->warm_up(request_at("int c = $0\n", "cpp", "file:///c.cpp"));
  // Answered on the context thread, behind the decision above.
  EXPECT_EQ(start(request_at("retu$0rn", "cpp", "file:///b.cpp")).get()->stop, "filtered:mid_word");
  generator_.release();
  assistant_.reset();
  EXPECT_EQ(generator_.requests().size(), 2u);
}

TEST_F(Threads, TwoHundredRequestsAtOnceAreAllAnswered) {
  std::vector<std::future<Result<Completion>>> futures;
  for (int i = 0; i < 200; ++i) {
    futures.push_back(
        start(request_at("int a = " + std::string(static_cast<size_t>(i), 'x') + "$0")));
    if (i % 10 == 0) assistant_->close({.client = 0, .uri = "file:///a.cpp"});
  }
  for (auto& future : futures) {
    const auto result = future.get();
    EXPECT_TRUE(result.has_value() || result.error().code == ErrorCode::cancelled);
  }
}

TEST_F(Threads, AnExplanationContinuesBehindItsReasoning) {
  generator_.answer("one two three four five six seven eight");
  generator_.answer("The answer.");
  std::promise<Result<Explanation>> explained;
  assistant_->explain({.snapshot = request_at("int a;$0").snapshot,
                       .begin = 0,
                       .end = 6,
                       .max_reasoning_tokens = 3},
                      nullptr,
                      [&](Result<Explanation> result) { explained.set_value(std::move(result)); });
  const auto explanation = explained.get_future().get();
  ASSERT_TRUE(explanation.has_value());
  EXPECT_EQ(explanation->answer, "The answer.");
}

}  // namespace
}  // namespace fathom::completion
