#include "editors/cli/infill_run.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "completion/assistant.h"
#include "completion/decide.h"
#include "completion/lines.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/unicode.h"
#include "engine/base/system.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::cli {
namespace {

using completion::Assistant;
using completion::Completion;
using completion::CompletionRequest;
using engine::ModelTraits;

constexpr size_t kContextTokens = 900;
constexpr size_t kSuffixTokens = kContextTokens / 3;
constexpr int kMaxTokens = 40;
constexpr int kInFlight = 8;
constexpr int kRequestTokens = 1024 + 128;  // of the assistant's prompt and answer

/// A model that says something else of its layout.
class WithLayout final : public engine::Generator {
 public:
  WithLayout(engine::Generator& model, const InfillOptions& options)
      : model_(model), traits_(model.traits()) {
    if (traits_.fim && options.line_anchored) traits_.fim->line_anchored = *options.line_anchored;
  }
  void submit(engine::GenerateRequest request, OnToken on_token, OnDone on_done) override {
    model_.submit(std::move(request), std::move(on_token), std::move(on_done));
  }
  int n_unfinished() const override { return model_.n_unfinished(); }
  const engine::Tokenizer& tokenizer() const override { return model_.tokenizer(); }
  const ModelTraits& traits() const override { return traits_; }

 private:
  engine::Generator& model_;
  ModelTraits traits_;
};

std::vector<engine::TokenId> infill_prompt(const engine::Tokenizer& tokenizer,
                                           const ModelTraits& traits, const InfillTask& task,
                                           bool anchored) {
  const size_t cut =
      anchored ? completion::line_start(task.prefix, task.prefix.size()) : task.prefix.size();
  const std::vector<engine::TokenId> prefix = tokenizer.encode(task.prefix.substr(0, cut));
  const std::vector<engine::TokenId> line = tokenizer.encode(task.prefix.substr(cut));
  std::vector<engine::TokenId> suffix = tokenizer.encode(task.suffix);
  if (suffix.size() > kSuffixTokens) suffix.resize(kSuffixTokens);
  const size_t all = prefix.size() + suffix.size();
  const size_t dropped = all > kContextTokens ? all - kContextTokens : 0;

  std::vector<engine::TokenId> ids;
  if (traits.adds_bos) ids.push_back(traits.bos);
  ids.push_back(traits.fim->begin);
  ids.insert(ids.end(), prefix.begin() + std::ptrdiff_t(dropped), prefix.end());
  ids.push_back(traits.fim->hole);
  ids.insert(ids.end(), suffix.begin(), suffix.end());
  ids.push_back(traits.fim->end);
  ids.insert(ids.end(), line.begin(), line.end());
  return ids;
}

/// Whether a line that is not empty is complete.
bool line_done(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  return text.find('\n', begin) != std::string_view::npos && !strip(text).empty();
}

/// Up to the end of the first line that is not empty.
std::string first_lines(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  return std::string(text.substr(0, text.find('\n', begin)));
}

/// Runs `submit(index)` for all tasks, a few at a time, until all have called finish().
class InFlight final {
 public:
  explicit InFlight(size_t n_tasks) : n_tasks_(n_tasks) {}

  Status run(const std::function<void(size_t)>& submit) {
    for (size_t i = 0; i < n_tasks_; ++i) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return n_running_ < kInFlight; });
      if (error_) break;
      ++n_running_;
      lock.unlock();
      submit(i);
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return n_running_ == 0; });
    if (error_) return tl::unexpected<Error>(*error_);
    return {};
  }

  void finish(std::optional<Error> error) {
    // Notified under the lock: the waiting thread may destroy this object right after.
    const std::lock_guard lock(mutex_);
    if (error && !error_) error_ = std::move(error);
    --n_running_;
    ++n_finished_;
    if (is_terminal(stderr))
      fmt::print(stderr, "\r{} of {} tasks{}", n_finished_, n_tasks_,
                 n_finished_ == n_tasks_ ? "\n" : "");
    changed_.notify_all();
  }

 private:
  const size_t n_tasks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int n_running_ = 0;           // guarded by mutex_
  size_t n_finished_ = 0;       // guarded by mutex_
  std::optional<Error> error_;  // guarded by mutex_; the first one
};

std::optional<Error> error_of(const auto& result) {
  return result ? std::nullopt : std::optional(result.error());
}

/// The document with the hole, as an editor has it: a missing line leaves its line end behind.
CompletionRequest request_of(const InfillTask& task, size_t number) {
  const bool whole_line = task.middle.ends_with('\n') && !task.suffix.starts_with('\n');
  const auto snapshot = std::make_shared<const completion::Snapshot>(
      completion::Snapshot{.uri = fmt::format("file:///{}/{}", number, task.path),
                           .path = task.path,
                           .language = task.language,
                           .text = task.prefix + (whole_line ? "\n" : "") + task.suffix});
  using completion::Trigger;
  const size_t cursor = task.prefix.size();
  const bool is_asked = completion::forbidden_by(*snapshot, cursor, Trigger::automatic).empty();
  return {.snapshot = snapshot,
          .cursor = cursor,
          .trigger = is_asked ? Trigger::automatic : Trigger::invoked,
          .min_confidence = 0,
          .cancel = cancel_on_interrupt()};
}

InfillAnswer answer_of(const Completion& completion, const completion::Snapshot& snapshot) {
  return {.text = completion.text,
          .replaced = snapshot.text.substr(completion.replace_begin,
                                           completion.replace_end - completion.replace_begin),
          .stop = completion.stop,
          .n_tokens = completion.tokens,
          .prompt_tokens = completion.prompt_tokens,
          .confidence = completion.confidence()};
}

}  // namespace

const int kInfillCacheTokens =
    kInFlight * std::max(int(kContextTokens) + kMaxTokens + 8, kRequestTokens);

Result<std::vector<InfillAnswer>> run_raw(engine::EngineThread& engine,
                                          const std::vector<InfillTask>& tasks,
                                          const InfillOptions& options) {
  std::vector<InfillAnswer> answers(tasks.size());
  InFlight running(tasks.size());
  const CancelToken cancel = cancel_on_interrupt();
  const bool anchored = options.line_anchored.value_or(false);
  FATHOM_CHECK(running.run([&](size_t i) {
    InfillAnswer& answer = answers[i];  // the engine thread's until the task is finished
    engine.submit(
        {.prompt = infill_prompt(engine.tokenizer(), engine.traits(), tasks[i], anchored),
         .max_tokens = kMaxTokens,
         .cancel = cancel},
        [&engine, &answer](const engine::TokenEvent& token) {
          if (engine.tokenizer().is_special(token.id)) return false;  // a marker ends the middle
          answer.text += token.bytes;
          return !line_done(answer.text);
        },
        [&running, &answer](Result<engine::GenerateResult> result) {
          if (result) {
            answer.text = first_lines(answer.text);
            answer.n_tokens = static_cast<int>(result->tokens.size());
            answer.prompt_tokens = result->prompt_tokens;
            answer.confidence = 100 * std::exp(double{result->mean_logprob});
            answer.stop = engine::name_of(result->stop);
          }
          running.finish(error_of(result));
        });
  }));
  return answers;
}

Result<std::vector<InfillAnswer>> run_pipeline(engine::EngineThread& engine, Log& log,
                                               const std::vector<InfillTask>& tasks,
                                               const InfillOptions& options) {
  std::vector<InfillAnswer> answers(tasks.size());
  InFlight running(tasks.size());
  WithLayout model(engine, options);
  Assistant assistant(model, log, {.max_prompt_tokens = 0});
  FATHOM_CHECK(running.run([&](size_t i) {
    CompletionRequest request = request_of(tasks[i], i);
    const completion::SnapshotPtr snapshot = request.snapshot;
    assistant.complete(std::move(request), [&, i, snapshot](Result<Completion> completion) {
      if (completion) answers[i] = answer_of(*completion, *snapshot);
      assistant.close(snapshot->id());
      running.finish(error_of(completion));
    });
  }));
  return answers;
}

}  // namespace fathom::cli
