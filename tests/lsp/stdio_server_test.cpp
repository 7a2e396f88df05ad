// The whole server with real threads and descriptors: what TSan looks at.

#include "lsp/stdio_server.h"

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lsp/framing.h"
#include "tests/lsp/pipe.h"
#include "tests/support/fake_generator.h"

namespace fathom::lsp {
namespace {

using Json = nlohmann::json;

/// What a loaded model is: things that live and die together.
struct FakeRuntime {
  explicit FakeRuntime(Log& log)
      : generator({.threads = true}), assistant(generator, log, {.threads = true}) {}

  test::FakeGenerator generator;
  completion::Assistant assistant;
};

completion::LoadedModel loaded(std::shared_ptr<FakeRuntime> runtime) {
  completion::Assistant* assistant = &runtime->assistant;
  return {.assistant = std::shared_ptr<completion::Assistant>(std::move(runtime), assistant),
          .info = {},
          .file_changed = {}};
}

/// A server on its own thread and the client at the other ends of its pipes.
class StdioServerTest : public testing::Test {
 protected:
  ~StdioServerTest() override { finish(); }

  /// `answers` are what the model writes, request by request.
  void start(std::vector<test::FakeAnswer> answers = {}, std::function<void()> before_load = {}) {
    serve([this, answers,
           before_load](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
      if (before_load) before_load();
      auto runtime = std::make_shared<FakeRuntime>(log_);
      for (const test::FakeAnswer& answer : answers) runtime->generator.answer(answer);
      generator_.set_value(&runtime->generator);
      return loaded(std::move(runtime));
    });
  }

  void serve(completion::ModelLoader load) {
    server_ = std::jthread([this, load] {
      completion::ModelHost models(load, {});
      Services services{.models = models};
      exit_code_ = run_stdio(
          {.version = "0", .stdio = {.input = input_.read_end, .output = output_.write_end}},
          services, log_);
      output_.close_writer();
    });
    reader_ = std::jthread([this] { read(); });
  }

  void send(const Json& message) { write_all(input_.write_end, frame(message.dump())); }
  void notify(const std::string& method, const Json& params = Json::object()) {
    send({{"method", method}, {"params", params}});
  }
  int request(const std::string& method, const Json& params = Json::object()) {
    send({{"id", ++last_id_}, {"method", method}, {"params", params}});
    return last_id_;
  }

  void wait_until(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, holds);
  }
  /// Waits for the answer.
  Json answer(int id) {
    wait_until([&] { return answers_.contains(id); });
    const std::lock_guard lock(mutex_);
    return answers_.at(id);
  }
  void wait_for_notification(const std::string& text) {
    wait_until([&] { return notifications_.find(text) != std::string::npos; });
  }

  /// Closes the input, waits for the server to end; then every answer is there.
  int finish() {
    input_.close_writer();
    if (server_.joinable()) server_.join();
    if (reader_.joinable()) reader_.join();
    return exit_code_;
  }

  Log log_;
  Pipe input_;
  Pipe output_;
  std::promise<test::FakeGenerator*> generator_;  // once loaded
  std::map<int, Json> answers_;                   // guarded by mutex_
  std::map<int, int> n_answers_;                  // guarded by mutex_
  std::string notifications_;                     // guarded by mutex_; their texts, joined
  int last_id_ = 0;

 private:
  void read() {
    FrameReader frames;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(output_.read_end, buffer.data(), buffer.size())) > 0;) {
      frames.push({buffer.data(), size_t(n)});
      while (const auto next = frames.next()) record(Json::parse(std::get<std::string>(*next)));
    }
  }

  void record(const Json& message) {
    const std::lock_guard lock(mutex_);
    if (message.contains("method")) {
      notifications_ += message.dump();
    } else if (message["id"].is_number()) {
      answers_[message["id"].get<int>()] = message;
      ++n_answers_[message["id"].get<int>()];
    }
    arrived_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  int exit_code_ = -1;
  std::jthread server_;
  std::jthread reader_;
};

constexpr const char* kUri = "file:///a.cpp";

Json opened() {
  return {{"textDocument",
           {{"uri", kUri},
            {"languageId", "cpp"},
            {"version", 1},
            {"text", "int add(int a, int b) {\n  return \n}\n"}}}};
}

Json cursor() {
  return {{"textDocument", {{"uri", kUri}}}, {"position", {{"line", 1}, {"character", 9}}}};
}

TEST_F(StdioServerTest, CompletesExplainsAndEndsCleanly) {
  start({{.text = "a + b;"}, {.text = "thinking</think>It adds."}});
  const int initialized = request("initialize");
  notify("initialized");
  notify("textDocument/didOpen", opened());
  EXPECT_TRUE(answer(initialized).contains("result"));
  wait_for_notification("the model is ready");

  const Json completion = answer(request("textDocument/inlineCompletion", cursor()));
  EXPECT_EQ(completion["result"]["items"][0]["insertText"], "a + b;") << completion;
  const Json explanation =
      answer(request("workspace/executeCommand", {{"command", "fathom.explain"},
                                                  {"workDoneToken", 1},
                                                  {"arguments", Json::array({{{"uri", kUri}}})}}));
  EXPECT_EQ(explanation["result"]["answer"], "It adds.") << explanation;

  EXPECT_EQ(answer(request("shutdown"))["result"], nullptr);
  notify("exit");
  EXPECT_EQ(finish(), 0);
}

TEST_F(StdioServerTest, AnswersWhileTheModelIsStillLoading) {
  std::mutex mutex;
  std::condition_variable released;
  bool may_load = false;
  start({{.text = "a + b;"}}, [&] {
    std::unique_lock lock(mutex);
    released.wait(lock, [&] { return may_load; });
  });
  EXPECT_TRUE(answer(request("initialize")).contains("result"));
  notify("initialized");
  notify("textDocument/didOpen", opened());
  EXPECT_EQ(answer(request("textDocument/inlineCompletion", cursor()))["result"]["items"],
            Json::array());
  {
    const std::lock_guard lock(mutex);
    may_load = true;
  }
  released.notify_one();
  wait_for_notification("the model is ready");
  EXPECT_EQ(answer(request("textDocument/inlineCompletion", cursor()))["result"]["items"].size(),
            1u);
}

TEST_F(StdioServerTest, StaysWhenTheModelCannotBeLoaded) {
  serve([](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
    return fail(ErrorCode::not_found, "no such model: /m.gguf");
  });
  EXPECT_TRUE(answer(request("initialize")).contains("result"));
  notify("initialized");
  wait_for_notification("no such model: /m.gguf");
  EXPECT_TRUE(answer(request("textDocument/hover")).contains("error"));
  EXPECT_EQ(finish(), 1);  // no shutdown
}

TEST_F(StdioServerTest, StaysWhenLoadingThrows) {
  serve([](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
    return fail(ErrorCode::internal, "{}", std::string().at(1));  // std::out_of_range
  });
  answer(request("initialize"));
  notify("initialized");
  wait_for_notification("no suggestions");
}

TEST_F(StdioServerTest, AnswersEachOfManyRequestsAtOnceExactlyOnce) {
  constexpr int kRequests = 200;
  start(std::vector<test::FakeAnswer>(kRequests, {.text = "a + b;"}));
  request("initialize");
  notify("initialized");
  notify("textDocument/didOpen", opened());
  wait_for_notification("the model is ready");
  const int first = last_id_ + 1;
  for (int i = 0; i < kRequests; ++i) {
    const int id = request("textDocument/inlineCompletion", cursor());
    if (i % 3 == 1) notify("$/cancelRequest", {{"id", id}});
    if (i % 7 == 1) notify("$/cancelRequest", {{"id", id - 2}});
  }
  const int last = last_id_;
  answer(last);
  request("shutdown");
  notify("exit");
  EXPECT_EQ(finish(), 0);
  for (int id = first; id <= last; ++id) EXPECT_EQ(n_answers_[id], 1) << "request " << id;
}

TEST_F(StdioServerTest, StopsAGenerationThatHangsWhenTheClientLeaves) {
  start({{.text = "a + b;", .hold = true}});
  request("initialize");
  notify("initialized");
  notify("textDocument/didOpen", opened());
  wait_for_notification("the model is ready");
  const int id = request("textDocument/inlineCompletion", cursor());
  generator_.get_future().get()->wait_for_started(1);
  EXPECT_EQ(finish(), 1);
  EXPECT_EQ(answers_[id]["error"]["code"], -32800);
}

TEST_F(StdioServerTest, ANewerRequestStopsAnOlderThatHangs) {
  start({{.text = "a - b;", .hold = true}, {.text = "a + b;"}});
  request("initialize");
  notify("initialized");
  notify("textDocument/didOpen", opened());
  wait_for_notification("the model is ready");
  const int older = request("textDocument/inlineCompletion", cursor());
  generator_.get_future().get()->wait_for_started(1);
  const int newer = request("textDocument/inlineCompletion", cursor());
  EXPECT_EQ(answer(older)["result"]["items"], Json::array());
  EXPECT_EQ(answer(newer)["result"]["items"].size(), 1u);
}

/// The input ends at every byte of a session: the server ends, and every request that arrived whole
/// is answered once.
TEST(StdioServer, EndsWhereverTheInputEnds) {
  std::string session;
  std::vector<size_t> request_ends;  // request i + 1 has arrived once so many bytes have
  const auto add = [&](const Json& message) {
    session += frame(message.dump());
    if (message.contains("id")) request_ends.push_back(session.size());
  };
  add({{"id", 1}, {"method", "initialize"}, {"params", Json::object()}});
  add({{"method", "textDocument/didOpen"}, {"params", opened()}});
  add({{"id", 2}, {"method", "textDocument/inlineCompletion"}, {"params", cursor()}});
  add({{"id", 3}, {"method", "shutdown"}});
  add({{"method", "exit"}});

  for (size_t n_bytes = 0; n_bytes <= session.size(); ++n_bytes) {
    Log log;
    Pipe in;
    Pipe out;
    ASSERT_TRUE(write_all(in.write_end, session.substr(0, n_bytes)));
    in.close_writer();
    completion::ModelHost models(
        [&](const completion::LoadOrder&) -> Result<completion::LoadedModel> {
          return loaded(std::make_shared<FakeRuntime>(log));
        },
        {});
    Services services{.models = models};
    run_stdio({.version = "0", .stdio = {.input = in.read_end, .output = out.write_end}}, services,
              log);
    out.close_writer();

    FrameReader frames;
    frames.push(read_all(out.read_end));
    std::map<int, int> n_answers;
    while (const auto next = frames.next()) {
      const Json message = Json::parse(std::get<std::string>(*next));
      if (message.contains("id") && message["id"].is_number())
        ++n_answers[message["id"].get<int>()];
    }
    for (size_t i = 0; i < request_ends.size(); ++i)
      EXPECT_EQ(n_answers[int(i) + 1], n_bytes >= request_ends[i] ? 1 : 0)
          << "request " << i + 1 << ", input ends after byte " << n_bytes;
  }
}

}  // namespace
}  // namespace fathom::lsp
