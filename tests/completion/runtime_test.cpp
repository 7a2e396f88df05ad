// Real models behind a ModelHost.

#include "completion/runtime.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "completion/model_host.h"
#include "tests/support/temp_dir.h"

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;
using Phase = ModelState::Phase;

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t n_pages = 0;
  uint64_t n_resident = 0;
  statm >> n_pages >> n_resident;
  return n_resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

class RealModels : public testing::Test {
 protected:
  RealModels() {
    std::filesystem::copy_file("models/nano/fathom-nano.gguf", file_,
                               std::filesystem::copy_options::overwrite_existing);
  }
  ~RealModels() override { std::filesystem::remove(file_); }

  void start(ModelHostConfig config) {
    host_ = std::make_unique<ModelHost>(runtime_loader(options_, log_),
                                        ModelHostOptions{.config = config, .threads = false});
  }

  std::string complete(Assistant& assistant) {
    const auto snapshot =
        std::make_shared<Snapshot>(Snapshot{.uri = "file:///a.py",
                                            .path = "a.py",
                                            .language = "python",
                                            .text = "def area(width, height):\n    return "});
    std::string text;
    assistant.complete(
        {.snapshot = snapshot, .cursor = snapshot->text.size(), .trigger = Trigger::invoked},
        [&](Result<Completion> result) {
          ASSERT_TRUE(result) << result.error().message;
          text = result->text;
        });
    return text;
  }

  const std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / "runtime-test.gguf";
  RuntimeOptions options_ = {
      .backend = "cpu", .n_threads = 1, .context_tokens = 1024, .threads = false};
  Log log_;
  std::unique_ptr<ModelHost> host_;
};

TEST_F(RealModels, GiveTheirMemoryBackWhenTheyAreIdleAndWriteTheSameAgain) {
  start({.completion = {.model = file_}, .idle_unload = 1min});
  const std::string text = complete(*host_->get(Role::completion, Reach::this_machine));
  const uint64_t loaded = resident_bytes();
  const ModelState state = host_->state(Role::completion, Reach::this_machine);
  ASSERT_EQ(state.phase, Phase::ready);
  ASSERT_GT(state.info.weight_bytes, uint64_t{10'000'000});
  EXPECT_GT(host_->statistics(Role::completion)->n_generated_tokens, 0u);

  host_->tick(ModelHost::Clock::now() + 2min);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::unloaded);
  EXPECT_FALSE(host_->statistics(Role::completion).has_value());
  // The weights went at least; tables of grammars and the like stay.
  EXPECT_LT(resident_bytes() + state.info.weight_bytes * 9 / 10, loaded);
  EXPECT_EQ(complete(*host_->get(Role::completion, Reach::this_machine)), text);
}

TEST_F(RealModels, KnowTheirPromptsAgainAfterTheyWereIdle) {
  const test::TempDir folder;
  options_.disk_cache = folder.path() / "prompts";
  const auto n_computed = [&] {
    const auto statistics = host_->statistics(Role::completion);
    return statistics->n_prompt_tokens - statistics->n_reused_tokens;
  };
  for (const bool is_kept : {false, true}) {
    options_.disk_cache_mb = is_kept ? 50 : 0;
    start({.completion = {.model = file_}, .idle_unload = 1min});
    const std::string text = complete(*host_->get(Role::completion, Reach::this_machine));
    const uint64_t n_first = n_computed();
    ASSERT_GT(n_first, 10u);
    host_->tick(ModelHost::Clock::now() + 2min);
    ASSERT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::unloaded);

    EXPECT_EQ(complete(*host_->get(Role::completion, Reach::this_machine)), text);
    EXPECT_LE(n_computed(), is_kept ? 2 : n_first);
    EXPECT_GE(n_computed(), is_kept ? 1 : n_first);
    EXPECT_EQ(std::filesystem::exists(options_.disk_cache), is_kept);
  }
}

TEST_F(RealModels, StayAsTheyAreWhenTheirFileIsReplacedAndSaySo) {
  start({.completion = {.model = file_}});
  const std::string text = complete(*host_->get(Role::completion, Reach::this_machine));
  std::filesystem::remove(file_);
  std::ofstream(file_) << "another file";
  EXPECT_EQ(complete(*host_->get(Role::completion, Reach::this_machine)), text);
  host_->tick(ModelHost::Clock::now() + 5min);
  EXPECT_TRUE(host_->state(Role::completion, Reach::this_machine).file_changed);

  // The next load takes the new one, which is no model.
  host_->configure({.completion = {.model = file_, .memory_mb = 1'000'000}});
  EXPECT_EQ(host_->get(Role::completion, Reach::this_machine), nullptr);
  EXPECT_EQ(host_->state(Role::completion, Reach::this_machine).phase, Phase::failed);
  EXPECT_NE(
      host_->state(Role::completion, Reach::this_machine).error.find(file_.filename().string()),
      std::string::npos);
}

TEST_F(RealModels, KeepWithinTheirMemoryAndLeaveTheOtherRoleAlone) {
  start({.completion = {.model = file_}, .reasoning = {.model = "nano", .memory_mb = 1}});
  EXPECT_EQ(host_->get(Role::reasoning, Reach::this_machine), nullptr);
  EXPECT_NE(host_->state(Role::reasoning, Reach::this_machine)
                .error.find("the limit for this model is 1 MB"),
            std::string::npos)
      << host_->state(Role::reasoning, Reach::this_machine).error;
  EXPECT_NE(complete(*host_->get(Role::completion, Reach::this_machine)), "");
}

class WarmUp : public testing::Test {
 protected:
  WarmUp() {
    auto created = Runtime::create({.model = "models/nano/fathom-nano.gguf",
                                    .backend = "cpu",
                                    .n_threads = 1,
                                    .threads = false,
                                    .may_speculate = [] { return true; }},
                                   log_);
    if (created) runtime_ = *std::move(created);
    for (int i = 0; i < 30; ++i) {
      if (i == 15)
        cursor_ = text_.size() + std::string_view("def area_15(a, b):\n    return").size();
      text_ += "def area_" + std::to_string(i) + "(a, b):\n    return" + (i == 15 ? "" : " a * b") +
               "\n\n";
    }
  }

  CompletionRequest at(size_t cursor) const {
    return {.snapshot = std::make_shared<Snapshot>(Snapshot{
                .uri = "file:///a.py", .path = "a.py", .language = "python", .text = text_}),
            .cursor = cursor};
  }
  Completion complete() {
    Completion completion;
    runtime_->assistant().complete(at(cursor_), [&](Result<Completion> result) {
      ASSERT_TRUE(result) << result.error().message;
      completion = *std::move(result);
    });
    RecordProperty("ms_first_token", std::to_string(completion.ms_first_token));
    return completion;
  }

  Log log_;
  std::unique_ptr<Runtime> runtime_;
  std::string text_;
  size_t cursor_ = 0;
};

TEST_F(WarmUp, WithoutOneTheFirstCompletionFindsNothingComputed) {
  ASSERT_TRUE(runtime_);
  const Completion cold = complete();
  EXPECT_GT(cold.prompt_tokens, 300);
  EXPECT_EQ(cold.reused_tokens, 0);
}

TEST_F(WarmUp, AtTheCursorLeavesNothingOfThePromptToCompute) {
  ASSERT_TRUE(runtime_);
  runtime_->assistant().warm_up(at(cursor_));
  const Completion warm = complete();
  // The last token is computed again: its logits are wanted.
  EXPECT_GE(warm.reused_tokens, warm.prompt_tokens - 1);
}

TEST_F(WarmUp, AtTheEndOfADocumentLeavesWhatIsBeforeTheCursorComputed) {
  ASSERT_TRUE(runtime_);
  runtime_->assistant().warm_up(at(text_.size()));
  const Completion warm = complete();
  EXPECT_GT(warm.reused_tokens, warm.prompt_tokens / 3);
}

}  // namespace
}  // namespace fathom::completion
