// fathom bench speculation: what guessing ahead gains where somebody edits code.
//
// The model computes; what it writes is given, so that models with random weights can be measured
// too (replay_model.h).

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "editors/cli/command.h"
#include "editors/cli/edit_task.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/replay_model.h"
#include "editors/cli/statistics.h"
#include "editors/cli/typing_trace.h"
#include "engine/base/mapped_file.h"
#include "engine/engine.h"
#include "engine/read_traits.h"

extern "C" const char fathom_typing_trace_begin[];
extern "C" const char fathom_typing_trace_end[];

namespace fathom::cli {
namespace {

constexpr size_t kMaxSourceBytes = size_t{1} << 20;
constexpr int kPrefillChunk = 128;

struct Options {
  ModelOptions model;
  std::string source;
  int prompt_tokens = 1024;
  int max_tokens = 192;
  int repeat = 3;
  bool json = false;
};

struct Speed {
  std::vector<double> tokens_per_s;
  uint64_t n_drafted = 0;
  uint64_t n_right = 0;
};

struct Outcome {
  const char* task;
  int n_tokens = 0;
  Speed with, without;

  std::vector<double> ratios() const {
    std::vector<double> ratios;
    for (size_t i = 0; i < with.tokens_per_s.size(); ++i)
      ratios.push_back(with.tokens_per_s[i] / without.tokens_per_s[i]);
    return ratios;
  }
};

/// What the engines with and without speculation share.
struct Loaded {
  std::shared_ptr<const engine::Tokenizer> tokenizer;
  engine::ModelTraits traits;
  std::unique_ptr<engine::Backend> backend;
  std::shared_ptr<engine::Model> model;
};

Result<Loaded> load(const ModelOptions& options) {
  Loaded loaded;
  FATHOM_TRY(checkpoint, completion::open_model(options.model));
  FATHOM_TRY(tokenizer, engine::Tokenizer::load(*checkpoint));
  loaded.tokenizer = std::move(tokenizer);
  FATHOM_TRY(traits, engine::read_traits(*checkpoint, *loaded.tokenizer));
  loaded.traits = std::move(traits);
  FATHOM_TRY(backend, engine::make_backend(
                          options.backend.value_or("auto"),
                          {.n_threads = options.n_threads.value_or(0), .pack_first = true}));
  loaded.backend = std::move(backend);
  FATHOM_TRY(model, engine::load_model(checkpoint, *loaded.backend, {.max_batch = kPrefillChunk}));
  loaded.model = std::move(model);
  return loaded;
}

/// An engine that writes what it is given.
class Replay final {
 public:
  static Result<Replay> create(const Loaded& loaded, int context_tokens, bool speculate) {
    Replay replay(loaded);
    auto model = std::make_unique<ReplayModel>(loaded.model);
    replay.model_ = model.get();
    FATHOM_TRY(engine, engine::Engine::create(std::move(model), *loaded.backend,
                                              {.context_tokens = context_tokens,
                                               .cache_tokens = context_tokens + 1,
                                               .prefill_chunk = kPrefillChunk,
                                               .speculate = speculate}));
    replay.engine_ = std::move(engine);
    return replay;
  }

  /// Writes `answer` behind `prompt`, which it has not seen before.
  Status write(const std::vector<engine::TokenId>& prompt,
               const std::vector<engine::TokenId>& answer, Speed& speed) {
    std::vector<engine::TokenId> text = prompt;
    text.insert(text.end(), answer.begin(), answer.end());
    model_->set_text(std::move(text));
    engine_->clear_cache();
    const engine::EngineStatistics before = engine_->statistics();
    Result<engine::GenerateResult> outcome = fail(ErrorCode::internal, "the engine said nothing");
    engine_->add(std::make_unique<engine::Job>(
        engine::GenerateRequest{.prompt = prompt,
                                .max_tokens = static_cast<int>(answer.size()),
                                .ignore_end_tokens = true,
                                .cancel = cancel_on_interrupt()},
        nullptr, [&](Result<engine::GenerateResult> result) { outcome = std::move(result); },
        *loaded_->tokenizer, loaded_->traits));
    while (engine_->step()) {
    }
    FATHOM_TRY(result, std::move(outcome));
    if (result.tokens != answer)
      return fail(ErrorCode::internal, "the engine did not write what the model wrote");
    const engine::EngineStatistics after = engine_->statistics();
    speed.tokens_per_s.push_back(1e3 * double(answer.size() - 1) / result.ms_decode);
    speed.n_drafted += after.n_drafted_tokens - before.n_drafted_tokens;
    speed.n_right += after.n_right_drafts - before.n_right_drafts;
    return {};
  }

 private:
  explicit Replay(const Loaded& loaded) : loaded_(&loaded) {}

  const Loaded* loaded_;
  ReplayModel* model_ = nullptr;
  std::unique_ptr<engine::Engine> engine_;
};

Result<std::string> read_source(const std::string& file) {
  if (!file.empty()) return read_text_file(file, kMaxSourceBytes);
  FATHOM_TRY(trace, parse_typing_trace({fathom_typing_trace_begin, fathom_typing_trace_end},
                                       "the built-in trace"));
  return trace.text;
}

Result<std::vector<Outcome>> run(const std::vector<EditTask>& tasks, const Options& options) {
  FATHOM_TRY(loaded, load(options.model));
  const int context_tokens = options.prompt_tokens + options.max_tokens + 1;
  FATHOM_TRY(with, Replay::create(loaded, context_tokens, true));
  FATHOM_TRY(without, Replay::create(loaded, context_tokens, false));

  std::vector<Outcome> outcomes;
  for (const EditTask& task : tasks) {
    std::vector<engine::TokenId> prompt;
    std::vector<engine::TokenId> answer;
    loaded.tokenizer->encode(task.prompt, prompt);
    loaded.tokenizer->encode(task.answer, answer);
    if (std::ssize(prompt) > options.prompt_tokens)
      prompt.erase(prompt.begin(), prompt.end() - options.prompt_tokens);
    if (std::ssize(answer) > options.max_tokens) answer.resize(size_t(options.max_tokens));

    Outcome outcome{.task = task.name, .n_tokens = static_cast<int>(answer.size())};
    for (int i = 0; i < options.repeat; ++i) {  // in turns: the machine may be busy
      FATHOM_CHECK(without.write(prompt, answer, outcome.without));
      FATHOM_CHECK(with.write(prompt, answer, outcome.with));
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Json to_json(const Outcome& outcome) {
  return {{"task", outcome.task},
          {"tokens", outcome.n_tokens},
          {"tokens_per_s", median(outcome.with.tokens_per_s)},
          {"tokens_per_s_without", median(outcome.without.tokens_per_s)},
          {"ratio", median(outcome.ratios())},
          {"ratio_least", percentile(outcome.ratios(), 0)},
          {"ratio_most", percentile(outcome.ratios(), 1)},
          {"drafted", outcome.with.n_drafted},
          {"right", outcome.with.n_right}};
}

void print(const Json& task) {
  const auto drafted = task["drafted"].get<double>();
  const double right = drafted > 0 ? 100 * task["right"].get<double>() / drafted : 0.0;
  write_out(fmt::format("{:<12} {:>9.1f} {:>9.1f} {:>7.2f} ({:.2f} to {:.2f}) {:>8.0f} %\n",
                        task["task"].get<std::string>(), task["tokens_per_s_without"].get<double>(),
                        task["tokens_per_s"].get<double>(), task["ratio"].get<double>(),
                        task["ratio_least"].get<double>(), task["ratio_most"].get<double>(),
                        right));
}

Result<ExitCode> bench_speculation(const Options& options) {
  FATHOM_TRY(source, read_source(options.source));
  // What is edited is to be in the prompt; a token of code is rarely shorter than two bytes.
  source.resize(std::min(source.size(), 2 * size_t(options.prompt_tokens)));
  const std::vector<EditTask> tasks = edit_tasks(source);
  if (tasks.empty())
    return fail(ErrorCode::invalid_argument, "{}: too small to make edits of it", options.source);
  FATHOM_TRY(outcomes, run(tasks, options));

  Json json = Json::array();
  for (const Outcome& outcome : outcomes) json.push_back(to_json(outcome));
  if (options.json) {
    write_json({{"tasks", json}});
    return ExitCode::ok;
  }
  write_out(fmt::format("{:<12} {:>9} {:>9} {:>7} {:>14} {:>10}\n", "tokens/s", "without", "with",
                        "ratio", "", "right"));
  for (const Json& task : json) print(task);
  return ExitCode::ok;
}

}  // namespace

Action add_bench_speculation(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("SOURCE", options->source,
                  "a source file that edits are made of (default: a built-in one)")
      ->type_name("FILE");
  add_model_options(command, options->model);
  command
      .add_option("--prompt-tokens", options->prompt_tokens,
                  "the most that a prompt has (default: 1024)")
      ->check(CLI::Range(16, 1 << 20).description(""))
      ->type_name("N");
  command
      .add_option("--max-tokens", options->max_tokens, "the most that is written (default: 192)")
      ->check(CLI::Range(2, 1 << 20).description(""))
      ->type_name("N");
  command.add_option("--repeat", options->repeat, "runs; medians are shown (default: 3)")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N");
  add_json_option(command, options->json);
  return [options] { return bench_speculation(*options); };
}

}  // namespace fathom::cli
