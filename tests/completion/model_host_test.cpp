// The host with a scripted loader.

#include "completion/model_host.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;
using Phase = ModelState::Phase;
using test::FakeAnswer;
using test::FakeGenerator;

/// A model as a loader gives it.
struct FakeRuntime {
  explicit FakeRuntime(bool threads)
      : generator({.threads = threads}), assistant(generator, log, {.threads = threads}) {}

  Log log;
  FakeGenerator generator;
  Assistant assistant;
};

/// What was told of one role, and a way to wait for it.
class History final {
 public:
  void add(const ModelState& state) {
    {
      const std::lock_guard lock(mutex_);
      states_.push_back(state);
    }
    changed_.notify_all();
  }

  void wait_for(Phase phase) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !states_.empty() && states_.back().phase == phase; });
  }

  ModelState last() const {
    const std::lock_guard lock(mutex_);
    return states_.back();
  }

  /// "loading ready unloaded", progress left out.
  std::string phases() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    std::optional<Phase> last;
    for (const ModelState& state : states_) {
      if (state.phase == last) continue;
      last = state.phase;
      if (!text.empty()) text += ' ';
      text += name_of(state.phase);
    }
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ModelState> states_;
};

class Host : public testing::Test {
 protected:
  void start(ModelHostConfig config, bool threads = false,
             const std::optional<std::string>& chosen = {}) {
    config_ = config;
    host_ = std::make_unique<ModelHost>(
        [this, threads](const LoadOrder& order) { return load(order, threads); },
        ModelHostOptions{
            .config = config, .chosen = chosen, .retry_after = retry_after_, .threads = threads});
    host_->subscribe([this](Role role, const ModelState& state) {
      (role == Role::completion ? completion_ : reasoning_).add(state);
    });
  }

  Result<LoadedModel> load(const LoadOrder& order, bool threads) {
    {
      const std::lock_guard lock(mutex_);
      orders_.push_back(order.spec);
    }
    if (on_load_) on_load_(order);
    if (!threads) on_problem_ = order.on_problem;
    if (order.cancel.cancelled()) return fail(ErrorCode::cancelled, "given up");
    const std::string& url = order.spec.remote.url;
    if (!url.empty() && fails_to_connect_)
      return fail(ErrorCode::io, "{}: no connection", url.substr(url.find("//") + 2));
    if (url.empty() && order.spec.model == "broken")
      return fail(ErrorCode::corrupt, "broken: is no model");
    if (order.spec.model == "huge") throw std::bad_alloc();
    const auto runtime = std::make_shared<FakeRuntime>(threads);
    {
      const std::lock_guard lock(mutex_);
      runtime_ = runtime;
    }
    return LoadedModel{
        .assistant = std::shared_ptr<Assistant>(runtime, &runtime->assistant),
        .info = {.backend = "fake", .weight_bytes = 7},
        .statistics = [this] { return engine::EngineStatistics{.is_lost = is_lost_}; },
        .file_changed = [this] { return file_changed_.load(); },
        .problem = [this, url] { return url.empty() ? "" : problem_; }};
  }

  std::vector<ModelSpec> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }

  std::function<void(const LoadOrder&)> on_load_;
  std::chrono::milliseconds retry_after_{1h};
  std::atomic<bool> file_changed_ = false;
  std::atomic<bool> is_lost_ = false;
  bool fails_to_connect_ = false;     // a server
  std::string problem_;               // of a server that is there
  std::function<void()> on_problem_;  // of the last load, without threads
  std::mutex mutex_;
  std::vector<ModelSpec> orders_;       // guarded by mutex_
  std::weak_ptr<FakeRuntime> runtime_;  // loaded last; guarded by mutex_ while something loads
  ModelHostConfig config_;
  History completion_, reasoning_;
  std::unique_ptr<ModelHost> host_;
};

TEST_F(Host, LoadsAModelWhenItIsFirstNeeded) {
  start({.completion = {.model = "a", .memory_mb = 5}});
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::unloaded);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).model, "a");
  EXPECT_TRUE(orders().empty());

  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_EQ(orders(), std::vector<ModelSpec>({{.model = "a", .memory_mb = 5}}));
  const ModelState state = host_->state(Role::completion, Reach::this_machine);
  EXPECT_EQ(state.phase, Phase::ready);
  EXPECT_EQ(state.info.backend, "fake");
  EXPECT_EQ(state.info.weight_bytes, 7u);
  EXPECT_EQ(completion_.phases(), "loading ready");
}

TEST_F(Host, ServesBothRolesWithOneModelUnlessAnotherIsConfigured) {
  start({.completion = {.model = "a"}});
  EXPECT_EQ(host_->get(Role::completion, Reach::this_machine),
            host_->get(Role::reasoning, Reach::this_machine));
  EXPECT_EQ(reasoning_.phases(), "loading ready");
  start({.completion = {.model = "a"}, .reasoning = {.model = "a", .memory_mb = 1}});
  EXPECT_EQ(host_->get(Role::completion, Reach::this_machine),
            host_->get(Role::reasoning, Reach::this_machine));

  start({.completion = {.model = "a"}, .reasoning = {.model = "b"}});
  const auto completion = host_->get(Role::completion, Reach::this_machine);
  EXPECT_NE(completion, host_->get(Role::reasoning, Reach::this_machine));
  EXPECT_EQ(host_->state(Role::reasoning, Reach::this_machine).model, "b");
  EXPECT_EQ(orders().back().model, "b");
}

TEST_F(Host, KeepsTheOtherRoleWhenOneModelFails) {
  for (const std::string model : {"broken", "huge"}) {
    start({.completion = {.model = "a"}, .reasoning = {.model = model}});
    EXPECT_EQ(host_->get(Role::reasoning, Reach::this_machine), nullptr);
    EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
    EXPECT_EQ(host_->state(Role::reasoning, Reach::this_machine).phase, Phase::failed);
    EXPECT_NE(host_->state(Role::reasoning, Reach::this_machine).error, "");
    EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::ready);
  }
  EXPECT_NE(host_->state(Role::reasoning, Reach::this_machine).error.find("not enough memory"),
            std::string::npos);
}

TEST_F(Host, TriesAFailedModelAgainOnlyAfterAWhile) {
  start({.completion = {.model = "broken"}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_EQ(orders().size(), 1u);
  std::optional<Result<std::shared_ptr<Assistant>>> answer;
  host_->when_ready(Role::completion, Reach::this_machine,
                    [&](auto ready) { answer = std::move(ready); });
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error().message, "broken: is no model");

  retry_after_ = 0ms;
  start({.completion = {.model = "broken"}});
  for (int i = 0; i < 5; ++i) host_->get(Role::completion, Reach::this_machine);
  EXPECT_EQ(orders().size(), 1u + 5u);
}

TEST_F(Host, UnloadsWhatHasBeenIdleAndLoadsItAgainWhenNeeded) {
  start({.completion = {.model = "a"}, .idle_unload = 10min});
  host_->get(Role::completion, Reach::this_machine);
  const auto now = ModelHost::Clock::now();
  host_->tick(now + 9min);
  EXPECT_FALSE(runtime_.expired());
  host_->tick(now + 11min);
  EXPECT_TRUE(runtime_.expired());
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::unloaded);
  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_EQ(completion_.phases(), "loading ready unloaded loading ready");
}

TEST_F(Host, NeverUnloadsWithoutAnIdleTime) {
  start({.completion = {.model = "a"}});
  host_->get(Role::completion, Reach::this_machine);
  host_->tick(ModelHost::Clock::now() + 10000h);
  EXPECT_FALSE(runtime_.expired());
}

TEST_F(Host, KeepsAModelThatSomeoneHolds) {
  start({.completion = {.model = "a"}, .idle_unload = 1min});
  auto held = host_->get(Role::completion, Reach::this_machine);
  const auto now = ModelHost::Clock::now();
  host_->tick(now + 1h);
  EXPECT_FALSE(runtime_.expired());
  held.reset();
  host_->tick(now + 1h + 30s);  // having been held counts as a use
  EXPECT_FALSE(runtime_.expired());
  host_->tick(now + 2h);
  EXPECT_TRUE(runtime_.expired());
}

TEST_F(Host, TakesWhatAPersonChoosesAndGoesBackIfItCannotBeLoaded) {
  start({.completion = {.model = "a", .memory_mb = 5}, .reasoning = {.model = "c"}});
  std::string told;
  const auto choose = [&](const char* model) {
    host_->choose(model, [&](const Result<std::shared_ptr<Assistant>>& assistant) {
      told = assistant ? "ready" : assistant.error().message;
    });
  };
  choose("b");
  EXPECT_EQ(told, "ready");
  EXPECT_EQ(host_->chosen(), "b");
  EXPECT_EQ(orders().back(), (ModelSpec{.model = "b", .memory_mb = 5}));
  EXPECT_EQ(host_->state(Role::reasoning, Reach::this_machine).model, "c");

  choose("broken");
  EXPECT_EQ(told, "broken: is no model");
  EXPECT_EQ(host_->chosen(), "b");
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).model, "b");
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase,
            Phase::ready);  // without being asked for

  host_->configure(config_);
  EXPECT_EQ(host_->chosen(), std::nullopt);
}

TEST_F(Host, TakesTheLastOfChoicesThatComeWhileAModelLoads) {
  start({.completion = {.model = "a"}}, /*threads=*/true);
  std::promise<std::string> first, second;
  const auto choose = [&](const char* model, std::promise<std::string>& told) {
    host_->choose(model, [&told](const Result<std::shared_ptr<Assistant>>& assistant) {
      told.set_value(assistant ? "ready" : assistant.error().message);
    });
  };
  choose("broken", first);
  choose("b", second);
  first.get_future().wait();
  EXPECT_EQ(second.get_future().get(), "ready");
  EXPECT_EQ(host_->chosen(), "b");
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).model, "b");
}

TEST_F(Host, TakesANewConfiguration) {
  start({.completion = {.model = "a"}});
  auto held = host_->get(Role::completion, Reach::this_machine);
  const std::weak_ptr<FakeRuntime> old = runtime_;
  host_->configure({.completion = {.model = "b"}});
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::unloaded);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).model, "b");
  EXPECT_FALSE(old.expired());  // the holder's call goes on
  held.reset();
  host_->tick(ModelHost::Clock::now());
  EXPECT_TRUE(old.expired());

  host_->get(Role::completion, Reach::this_machine);
  host_->configure({.completion = {.model = "b"}, .idle_unload = 5min});
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase,
            Phase::ready);  // the same model stays
  host_->configure({.completion = {.model = "b"}, .reasoning = {.model = "c"}});
  host_->get(Role::reasoning, Reach::this_machine);
  EXPECT_EQ(orders().back().model, "c");
  host_->configure({.completion = {.model = "b"}});
  EXPECT_TRUE(runtime_.expired());  // of c
  EXPECT_EQ(host_->get(Role::reasoning, Reach::this_machine),
            host_->get(Role::completion, Reach::this_machine));
}

TEST_F(Host, SaysWhenTheFileOfALoadedModelHasChanged) {
  start({.completion = {.model = "a"}});
  host_->get(Role::completion, Reach::this_machine);
  const auto now = ModelHost::Clock::now();
  host_->tick(now + 2min);
  EXPECT_FALSE(host_->state(Role::completion, Reach::this_machine).file_changed);
  file_changed_ = true;
  host_->tick(now + 5min);
  EXPECT_TRUE(host_->state(Role::completion, Reach::this_machine).file_changed);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::ready);
}

TEST_F(Host, LoadsAnewWhatCannotComputeAnyMore) {
  on_load_ = [this](const LoadOrder&) { is_lost_ = false; };
  start({.completion = {.model = "a"}});
  const auto first = host_->get(Role::completion, Reach::this_machine);
  is_lost_ = true;
  EXPECT_EQ(orders().size(), 1u);  // nobody has asked
  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), first);
  EXPECT_EQ(orders().size(), 2u);
  EXPECT_EQ(completion_.phases(), "loading ready loading ready");
}

TEST_F(Host, TellsHowFarALoadIs) {
  std::vector<double> seen;
  on_load_ = [&](const LoadOrder& order) {
    for (const double progress : {0.25, 0.5, 0.4, 2.0}) {
      order.on_progress(progress);
      seen.push_back(host_->state(Role::completion, Reach::this_machine).progress);
    }
  };
  start({.completion = {.model = "a"}});
  host_->get(Role::completion, Reach::this_machine);
  EXPECT_EQ(seen, std::vector<double>({0.25, 0.5, 0.5, 1.0}));
}

TEST_F(Host, MayBeAskedFromInsideItsCalls) {
  start({.completion = {.model = "a"}, .reasoning = {.model = "b"}});
  uint64_t subscription = 0;
  int n_told = 0;
  subscription = host_->subscribe([&](Role role, const ModelState&) {
    ++n_told;
    host_->unsubscribe(subscription);
    host_->get(role, Reach::this_machine);
    host_->get(Role::reasoning, Reach::this_machine);
  });
  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_NE(host_->get(Role::reasoning, Reach::this_machine), nullptr);
  EXPECT_EQ(n_told, 1);
  EXPECT_EQ(orders().size(), 2u);
}

ModelSpec on_server(const std::string& host) {
  return {.model = "a", .remote = {.url = "https://" + host}};
}

TEST_F(Host, AsksTheServerForThoseWhoMayReachItOnly) {
  start({.completion = on_server("gpu")});
  EXPECT_NE(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_EQ(orders(), std::vector<ModelSpec>({{.model = "a"}}));
  EXPECT_EQ(host_->server(Role::completion)->phase, Phase::unloaded);

  const auto assistant = host_->get(Role::completion, Reach::servers);
  EXPECT_NE(assistant, nullptr);
  EXPECT_NE(assistant, host_->get(Role::completion, Reach::this_machine));
  EXPECT_EQ(orders().back(), on_server("gpu"));
  EXPECT_EQ(host_->state(Role::completion, Reach::servers).server, "https://gpu");
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).server, "");
  EXPECT_EQ(host_->loaded().size(), 2u);
}

TEST_F(Host, HasAServerForEachRoleOrOneForBoth) {
  start({.completion = on_server("gpu")});
  EXPECT_EQ(host_->server(Role::reasoning)->server, "https://gpu");
  EXPECT_EQ(host_->get(Role::completion, Reach::servers),
            host_->get(Role::reasoning, Reach::servers));

  start({.completion = on_server("gpu"), .reasoning = {.model = "b"}});
  EXPECT_FALSE(host_->server(Role::reasoning));
  EXPECT_EQ(host_->state(Role::reasoning, Reach::servers).model, "b");

  start({.completion = {.model = "a"}, .reasoning = on_server("big")});
  EXPECT_FALSE(host_->server(Role::completion));
  EXPECT_EQ(host_->server(Role::reasoning)->server, "https://big");

  start({.completion = on_server("gpu"), .reasoning = on_server("big")});
  EXPECT_NE(host_->get(Role::completion, Reach::servers),
            host_->get(Role::reasoning, Reach::servers));
  EXPECT_EQ(host_->get(Role::completion, Reach::this_machine),
            host_->get(Role::reasoning, Reach::this_machine));
}

TEST_F(Host, ComputesHereWhileTheServerCannotBeReachedAndGoesBack) {
  retry_after_ = 0ms;
  fails_to_connect_ = true;
  start({.completion = on_server("gpu")});
  EXPECT_EQ(host_->get(Role::completion, Reach::servers), nullptr);
  const auto here = host_->get(Role::completion, Reach::servers);
  EXPECT_NE(here, nullptr);
  EXPECT_EQ(here, host_->get(Role::completion, Reach::this_machine));
  const ModelState state = host_->state(Role::completion, Reach::servers);
  EXPECT_EQ(state.phase, Phase::ready);
  EXPECT_EQ(state.server, "");
  EXPECT_EQ(state.problem, "gpu: no connection");

  fails_to_connect_ = false;
  host_->get(Role::completion, Reach::servers);  // which finds it back
  EXPECT_NE(host_->get(Role::completion, Reach::servers), here);
  EXPECT_EQ(host_->state(Role::completion, Reach::servers).problem, "");
}

TEST_F(Host, ComputesHereWhileTheServerIsLeftAlone) {
  start({.completion = on_server("gpu")});
  const auto there = host_->get(Role::completion, Reach::servers);
  problem_ = "gpu: 503";
  on_problem_();
  host_->tick(ModelHost::Clock::now());
  EXPECT_EQ(completion_.last().problem, "gpu: 503");
  EXPECT_NE(host_->get(Role::completion, Reach::servers), there);
  EXPECT_EQ(host_->state(Role::completion, Reach::servers).problem, "gpu: 503");
  problem_ = "";
  EXPECT_EQ(host_->get(Role::completion, Reach::servers), there);
}

TEST_F(Host, SaysOfBothWhyThereIsNoModel) {
  fails_to_connect_ = true;
  start({.completion = {.model = "broken", .remote = {.url = "https://gpu"}}});
  std::string problem;
  host_->when_ready(Role::completion, Reach::servers,
                    [&](const auto& assistant) { problem = assistant.error().message; });
  EXPECT_EQ(problem, "gpu: no connection; and on this machine: broken: is no model");
}

TEST_F(Host, ComputesHereWithAModelThatIsChosenUntilTheConfigurationIs) {
  start({.completion = on_server("gpu")});
  host_->choose("b", [](const auto& assistant) { EXPECT_TRUE(assistant); });
  EXPECT_FALSE(host_->server(Role::completion));
  EXPECT_EQ(orders().back(), (ModelSpec{.model = "b"}));
  EXPECT_EQ(host_->chosen(), "b");
  EXPECT_EQ(host_->configured(), on_server("gpu"));
  host_->unchoose();
  EXPECT_EQ(host_->state(Role::completion, Reach::servers).server, "https://gpu");
  EXPECT_EQ(host_->chosen(), std::nullopt);
}

TEST_F(Host, MayBeStartedWithAChosenModel) {
  start({.completion = on_server("gpu")}, /*threads=*/false, "b");
  EXPECT_EQ(host_->chosen(), "b");
  EXPECT_FALSE(host_->server(Role::completion));
  EXPECT_TRUE(orders().empty());
  EXPECT_NE(host_->get(Role::completion, Reach::servers), nullptr);
  EXPECT_EQ(orders().back(), (ModelSpec{.model = "b"}));
  host_->unchoose();
  EXPECT_EQ(host_->server(Role::completion)->server, "https://gpu");
}

TEST(ModelHostConfig, SaysWhatTheConfigurationSays) {
  Config config;
  EXPECT_EQ(host_config(config), ModelHostConfig{.idle_unload = 30min});
  config.model = "a";
  config.memory_mb = 1;
  config.reasoning_model = "b";
  config.reasoning_memory_mb = 2;
  config.idle_unload_minutes = 0;
  EXPECT_EQ(host_config(config), (ModelHostConfig{.completion = {.model = "a", .memory_mb = 1},
                                                  .reasoning = {.model = "b", .memory_mb = 2}}));
}

TEST(ModelHostConfig, GivesARoleItsServerWithTheModelThatHasTheVocabulary) {
  Config config;
  config.model = "a";
  config.remote_reasoning_url = "https://big";
  config.remote_reasoning_model = "r1";
  config.remote_token_file = "token";
  EXPECT_EQ(host_config(config).completion.remote, RemoteServer());
  EXPECT_EQ(host_config(config).reasoning,
            (ModelSpec{.model = "a",
                       .remote = {.url = "https://big", .model = "r1", .token_file = "token"}}));
  config.reasoning_model = "b";
  EXPECT_EQ(host_config(config).reasoning.model, "b");
}

// With threads. Everything waits for something that happens, never for time to pass.

class HostThreads : public Host {
 protected:
  using Ready = std::promise<Result<std::shared_ptr<Assistant>>>;

  std::future<Result<std::shared_ptr<Assistant>>> ask(Role role) {
    const auto promise = std::make_shared<Ready>();
    host_->when_ready(role, Reach::this_machine,
                      [promise](auto ready) { promise->set_value(std::move(ready)); });
    return promise->get_future();
  }
};

TEST_F(HostThreads, AnswersEveryoneWhoWaitsForALoadAndNobodyElse) {
  std::promise<void> go;
  on_load_ = [gate = go.get_future().share()](const LoadOrder&) { gate.wait(); };
  start({.completion = {.model = "a"}}, true);
  EXPECT_EQ(host_->get(Role::completion, Reach::this_machine), nullptr);
  auto first = ask(Role::completion);
  auto second = ask(Role::reasoning);
  EXPECT_EQ(first.wait_for(0s), std::future_status::timeout);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::loading);
  go.set_value();
  EXPECT_EQ(first.get().value(), second.get().value());
  EXPECT_EQ(ask(Role::completion).get().value(), host_->get(Role::completion, Reach::this_machine));
  EXPECT_EQ(orders().size(), 1u);
}

TEST_F(HostThreads, LoadsTwoModelsSideBySide) {
  std::promise<void> second_begun;
  on_load_ = [&](const LoadOrder& order) {
    if (order.spec.model == "b") second_begun.set_value();
    if (order.spec.model == "a") second_begun.get_future().wait();  // would hang one by one
  };
  start({.completion = {.model = "a"}, .reasoning = {.model = "b"}}, true);
  auto a = ask(Role::completion);
  auto b = ask(Role::reasoning);
  EXPECT_TRUE(a.get().has_value());
  EXPECT_TRUE(b.get().has_value());
}

TEST_F(HostThreads, GivesUpALoadWhenItGoes) {
  std::promise<void> begun;
  on_load_ = [&](const LoadOrder& order) {
    begun.set_value();
    while (!order.cancel.cancelled()) std::this_thread::yield();
  };
  start({.completion = {.model = "a"}}, true);
  auto waiting = ask(Role::completion);
  begun.get_future().wait();
  host_.reset();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::cancelled);
}

TEST_F(HostThreads, GivesUpALoadThatIsNotWantedAnyMore) {
  std::promise<void> begun;
  on_load_ = [&](const LoadOrder& order) {
    if (order.spec.model != "a") return;
    begun.set_value();
    while (!order.cancel.cancelled()) std::this_thread::yield();
  };
  start({.completion = {.model = "a"}}, true);
  auto waiting = ask(Role::completion);
  begun.get_future().wait();
  host_->configure({.completion = {.model = "b"}});
  EXPECT_TRUE(waiting.get().has_value());
  EXPECT_EQ(orders().back().model, "b");
}

TEST_F(HostThreads, UnloadsByItselfButNotUnderARequest) {
  start({.completion = {.model = "a"}, .idle_unload = 1ms}, true);
  std::promise<Result<Completion>> done;
  {
    auto assistant = ask(Role::completion).get().value();
    runtime_.lock()->generator.answer(FakeAnswer{.text = "1;", .hold = true});
    const auto snapshot = std::make_shared<Snapshot>(
        Snapshot{.uri = "file:///a", .path = "a", .language = "cpp", .text = "int a = \n"});
    assistant->complete({.snapshot = snapshot, .cursor = 8},
                        [&](Result<Completion> result) { done.set_value(std::move(result)); });
  }
  runtime_.lock()->generator.wait_for_started(1);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::ready);
  runtime_.lock()->generator.release();
  EXPECT_EQ(done.get_future().get()->text, "1;");
  completion_.wait_for(Phase::unloaded);
  EXPECT_TRUE(runtime_.expired());
}

TEST_F(HostThreads, SurvivesManyWhoAskConfigureAndLeaveAtOnce) {
  start({.completion = {.model = "a"}, .idle_unload = 1ms}, true);
  std::atomic<int> n_answers = 0;
  constexpr int kThreads = 4;
  constexpr int kRounds = 100;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRounds; ++i) {
          const uint64_t subscription = host_->subscribe([](Role, const ModelState&) {});
          host_->when_ready(t % 2 == 0 ? Role::completion : Role::reasoning, Reach::this_machine,
                            [&](const auto&) { ++n_answers; });
          if (i % 10 == t)
            host_->configure({.completion = {.model = i % 20 == t ? "a" : "b"},
                              .reasoning = {.model = i % 3 == 0 ? "" : "c"},
                              .idle_unload = 1ms});
          host_->get(Role::reasoning, Reach::this_machine);
          host_->unsubscribe(subscription);
        }
      });
    }
  }
  host_.reset();
  EXPECT_EQ(n_answers, kThreads * kRounds);
}

}  // namespace
}  // namespace fathom::completion
