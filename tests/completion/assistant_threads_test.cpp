// The assistant with threads and a scripted model. Everything waits for something that happens,
// never for time to pass.

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "completion/assistant.h"
#include "tests/completion/request_at.h"
#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeAnswer;
using test::FakeGenerator;

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

/// Asks the generator until the work is told to stop.
Assistant::Work asks_forever(std::promise<bool>& ended) {
  return [&ended](const ModelUse& model) {
    EXPECT_GT(model.context_tokens, 0);
    while (!model.cancel.cancelled())
      engine::generate(model.generator, {.prompt = {1}, .cancel = model.cancel});
    ended.set_value(true);
  };
}

TEST_F(Threads, LongWorkEndsWhenItIsCancelledOrItsClientGoesOrTheAssistantDoes) {
  std::promise<bool> by_wish, by_client, by_assistant;
  CancelSource wish;
  assistant_->run(1, wish.token(), asks_forever(by_wish));
  assistant_->run(2, {}, asks_forever(by_client));
  assistant_->run(3, {}, asks_forever(by_assistant));
  EXPECT_TRUE(assistant_->busy());
  EXPECT_TRUE(start(request_at("int a = $0")).get()) << "others do not wait for it";
  wish.cancel();
  EXPECT_TRUE(by_wish.get_future().get());
  assistant_->close_client(2);
  EXPECT_TRUE(by_client.get_future().get());
  assistant_.reset();
  EXPECT_TRUE(by_assistant.get_future().get());
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

TEST_F(Threads, AWarmUpTakesThePlaceOfTheOneBeforeIt) {
  assistant_ = std::make_unique<Assistant>(
      generator_, log_, AssistantOptions{.threads = true, .may_speculate = [] { return true; }});
  generator_.answer(FakeAnswer{.hold = true});
  assistant_->warm_up(request_at("int a = $0\n"));
  generator_.wait_for_started(1);
  assistant_->warm_up(request_at("int a;\nint b = $0\n"));
  generator_.wait_for_started(2);
  EXPECT_TRUE(generator_.requests().at(0).cancel.cancelled());
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
