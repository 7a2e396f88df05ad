// fathom eval infill: how often a model writes the line that is missing.
//
// The prompt and the metric are those of models/nano/training/evaluate.py, so that the figure on a
// model's card can be reproduced: no path line, the raw fill-in-the-middle prompt cut to 900 tokens
// with at most 300 of suffix, greedy, 40 tokens or until a line that is not empty is complete.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include <nlohmann/json.hpp>

#include "completion/syntax/syntax_tree.h"
#include "editors/cli/command.h"
#include "editors/cli/infill_data.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/similarity.h"
#include "editors/cli/unicode.h"
#include "engine/base/system.h"
#include "engine/generator.h"

namespace fathom::cli {
namespace {

constexpr size_t kContextTokens = 900;
constexpr size_t kSuffixTokens = kContextTokens / 3;
constexpr int kMaxTokens = 40;
constexpr int kInFlight = 8;  // decoded together

struct Options {
  ModelOptions model;
  std::string data;
  std::string language = "python";
  int limit = 0;
  bool json = false;
};

struct Answer {
  std::string text;
  int n_tokens = 0;
  int prompt_tokens = 0;
};

std::vector<engine::TokenId> infill_prompt(const engine::Tokenizer& tokenizer,
                                           const engine::ModelTraits& traits,
                                           const InfillTask& task) {
  const std::vector<engine::TokenId> prefix = tokenizer.encode(task.prefix);
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
  return ids;
}

/// The first line that has more than white space, without the white space around it.
std::string_view first_line(std::string_view text) {
  while (true) {
    const size_t newline = text.find('\n');
    const std::string_view line = strip(text.substr(0, newline));
    if (!line.empty() || newline == std::string_view::npos) return line;
    text.remove_prefix(newline + 1);
  }
}

/// Whether a line that is not empty is complete.
bool line_done(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  return text.find('\n', begin) != std::string_view::npos && !strip(text).empty();
}

/// The answer up to the end of its first line that is not empty, as a line of its own.
std::string as_line(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  return std::string(text.substr(0, text.find('\n', begin))) + "\n";
}

/// Share of the tasks, in percent, whose text parses with the answer in place; nothing if the
/// language is not one that fathom parses.
std::optional<double> parse_rate(const std::vector<InfillTask>& tasks,
                                 const std::vector<Answer>& answers, const std::string& language) {
  const completion::Language* known = completion::find_language(language, "");
  if (!known) return std::nullopt;
  double n_parsed = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    completion::SyntaxTree tree(*known);
    const bool parsed = tree.update(tasks[i].prefix + as_line(answers[i].text) + tasks[i].suffix);
    n_parsed += parsed && !tree.has_errors();
  }
  return 100 * n_parsed / double(tasks.size());
}

/// `n` of them, evenly spread; all of them if n is 0 or more than there are.
std::vector<InfillTask> spread(std::vector<InfillTask> tasks, int n) {
  if (n <= 0 || size_t(n) >= tasks.size()) return tasks;
  std::vector<InfillTask> chosen;
  for (size_t i = 0; i < size_t(n); ++i)
    chosen.push_back(std::move(tasks[i * tasks.size() / size_t(n)]));
  return chosen;
}

/// Answers of all tasks in their order, a few in flight at a time.
class Run final {
 public:
  Run(engine::EngineThread& engine, const std::vector<InfillTask>& tasks)
      : engine_(engine), tasks_(tasks), answers_(tasks.size()), cancel_(cancel_on_interrupt()) {}

  Result<std::vector<Answer>> all() {
    for (size_t i = 0; i < tasks_.size(); ++i) {
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
    return std::move(answers_);
  }

 private:
  void submit(size_t index) {
    Answer& answer = answers_[index];
    engine_.submit(
        {.prompt = infill_prompt(engine_.tokenizer(), engine_.traits(), tasks_[index]),
         .max_tokens = kMaxTokens,
         .cancel = cancel_},
        [this, &answer](const engine::TokenEvent& token) {
          if (engine_.tokenizer().is_special(token.id)) return false;  // a marker ends the middle
          answer.text += token.bytes;
          return !line_done(answer.text);
        },
        [this, &answer](Result<engine::GenerateResult> result) {
          if (result) {
            answer.n_tokens = static_cast<int>(result->tokens.size());
            answer.prompt_tokens = result->prompt_tokens;
          }
          finish(result ? std::nullopt : std::optional(result.error()));
        });
  }

  void finish(std::optional<Error> error) {
    // Notified under the lock: the waiting thread may destroy this object right after.
    const std::lock_guard lock(mutex_);
    if (error && !error_) error_ = std::move(error);
    --n_running_;
    ++n_finished_;
    if (is_terminal(stderr))
      fmt::print(stderr, "\r{} of {} tasks{}", n_finished_, tasks_.size(),
                 n_finished_ == tasks_.size() ? "\n" : "");
    changed_.notify_all();
  }

  engine::EngineThread& engine_;
  const std::vector<InfillTask>& tasks_;
  std::vector<Answer> answers_;  // each written by the engine thread until its task is finished
  CancelToken cancel_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int n_running_ = 0;           // guarded by mutex_
  size_t n_finished_ = 0;       // guarded by mutex_
  std::optional<Error> error_;  // guarded by mutex_; the first one
};

Json score(const std::vector<InfillTask>& tasks, const std::vector<Answer>& answers,
           double seconds) {
  double exact = 0, likeness = 0, tokens = 0, prompt_tokens = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::string_view answer = first_line(answers[i].text);
    const std::string_view gold = first_line(tasks[i].middle);
    exact += answer == gold;
    likeness += similarity(answer, gold);
    tokens += answers[i].n_tokens;
    prompt_tokens += answers[i].prompt_tokens;
  }
  const auto n = double(tasks.size());
  return {{"tasks", tasks.size()},
          {"exact_match", 100 * exact / n},
          {"edit_similarity", 100 * likeness / n},
          {"tasks_per_s", n / seconds},
          {"tokens_per_s", tokens / seconds},
          {"prompt_tokens_per_s", prompt_tokens / seconds},
          {"mean_tokens", tokens / n},
          {"mean_prompt_tokens", prompt_tokens / n},
          {"seconds", seconds}};
}

Result<ExitCode> eval_infill(const Options& options) {
  FATHOM_TRY(all_tasks, read_infill_tasks(options.data));
  const std::vector<InfillTask> tasks = spread(std::move(all_tasks), options.limit);

  Log log = stderr_log(options.model.verbose);
  constexpr auto kCacheTokens = int(kInFlight * (kContextTokens + kMaxTokens + 8));
  FATHOM_TRY(engine, start_engine(options.model, {.cache_tokens = kCacheTokens}, log));
  const engine::ModelTraits& traits = engine->traits();
  if (!traits.fim_refusal.empty()) {
    return fail(ErrorCode::unsupported,
                "{} was not trained to fill in the middle: {}; --force-fim tries nevertheless",
                traits.name, traits.fim_refusal);
  }
  if (!traits.fim)
    return fail(ErrorCode::unsupported, "{} has no markers to fill in the middle", traits.name);

  const auto begin = std::chrono::steady_clock::now();
  FATHOM_TRY(answers, Run(*engine, tasks).all());
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;

  Json json = score(tasks, answers, elapsed.count());
  const std::optional<double> parsed = parse_rate(tasks, answers, options.language);
  json["parse_rate"] = parsed ? Json(*parsed) : Json(nullptr);
  if (options.json) {
    write_json(json);
    return ExitCode::ok;
  }
  write_out(fmt::format(
      "{} tasks: exact match {:.1f} %, edit similarity {:.1f} %, parses {}; "
      "{:.1f} tasks/s, {:.1f} tokens/s, {:.1f} tokens a task\n",
      json["tasks"].get<size_t>(), json["exact_match"].get<double>(),
      json["edit_similarity"].get<double>(), parsed ? fmt::format("{:.1f} %", *parsed) : "unknown",
      json["tasks_per_s"].get<double>(), json["tokens_per_s"].get<double>(),
      json["mean_tokens"].get<double>()));
  return ExitCode::ok;
}

}  // namespace

Action add_eval_infill(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("DATA", options->data,
                  "JSON lines with prompt, suffix and canonical_solution; may be gzipped")
      ->required();
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  command.add_option("--limit", options->limit, "only N tasks, evenly spread (default: all)")
      ->check(CLI::Range(1, 1 << 30).description(""))
      ->type_name("N");
  command
      .add_option("--language", options->language,
                  "language of the tasks, to tell whether answers parse (default: python)")
      ->type_name("NAME");
  add_json_option(command, options->json);
  return [options] { return eval_infill(*options); };
}

}  // namespace fathom::cli
