// fathom eval review: how many planted defects a review finds, and what it accuses wrongly.

#include "editors/cli/eval_review.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "completion/review/diff_parser.h"
#include "completion/review/reviewer.h"
#include "editors/cli/defect_data.h"
#include "editors/cli/defect_score.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"

namespace fathom::cli {
namespace {

using completion::ReviewReport;

struct Options {
  ModelOptions model;
  std::string data;
  std::string reviews;      // "": the model's own
  int min_confidence = 50;  // percent
  int limit = 0;
  bool json = false;
};

/// Changes that are reviewed side by side: the engine computes their tokens together.
constexpr int kParallel = 8;

/// In percent; nothing of nothing.
Json share(int part, int whole) { return whole > 0 ? Json(100.0 * part / whole) : Json(); }

Json to_json(const DefectScore& s) {
  return {{"tasks", s.tasks},
          {"defects", s.defects},
          {"findings", s.findings},
          {"precision", share(s.right, s.findings)},
          {"recall", share(s.found, s.defects)},
          {"clean_accused", share(s.clean_accused, s.clean)},
          {"suggestions", s.suggestions},
          {"applicable", share(s.applicable, s.suggestions)},
          {"unreviewed", s.unreviewed}};
}

Json to_json(const std::map<std::string, DefectScore>& scores) {
  Json json = Json::object();
  for (const auto& [name, score] : scores) json[name] = to_json(score);
  return json;
}

std::string percent(const Json& value) {
  return value.is_null() ? "-" : fmt::format("{:.1f} %", value.get<double>());
}

void print_row(std::string_view name, const Json& score) {
  write_out(fmt::format("{:<20} {:>7} {:>8} {:>9} {:>9} {:>9} {:>11} {:>10}\n", name,
                        score["defects"].get<int>(), score["findings"].get<int>(),
                        percent(score["precision"]), percent(score["recall"]),
                        percent(score["clean_accused"]), score["suggestions"].get<int>(),
                        percent(score["applicable"])));
}

void print(const Json& json) {
  write_out(fmt::format("{:<20} {:>7} {:>8} {:>9} {:>9} {:>9} {:>11} {:>10}\n", "", "defects",
                        "findings", "precision", "recall", "accused", "suggestions", "applicable"));
  for (const char* group : {"kinds", "languages"})
    for (const auto& [name, score] : json[group].items()) print_row(name, score);
  for (const auto& [least, score] : json["confidence"].items())
    print_row(fmt::format("confidence >= {} %", least), score);
  print_row("all", json);
}

/// What is left of the reviews for each higher threshold of confidence.
Json by_confidence(const std::vector<DefectTask>& tasks,
                   const std::map<std::string, ReviewReport>& reviews, int min_confidence) {
  constexpr int kStep = 10;
  Json json = Json::object();
  for (int least = (min_confidence / kStep + 1) * kStep; least < 100; least += kStep) {
    DefectReport report;
    for (const DefectTask& task : tasks) {
      ReviewReport left = reviews.at(task.id);
      std::erase_if(left.findings, [&](const completion::Finding& finding) {
        return finding.confidence < least / 100.0;
      });
      add_to(report, task, score_review(task, left));
    }
    json[std::to_string(least)] = to_json(report.all);
  }
  return json;
}

Status check(const std::vector<DefectTask>& tasks) {
  for (const DefectTask& task : tasks)
    if (!parses(task))
      return fail(ErrorCode::corrupt,
                  "{}: its text has a syntax error, so nothing can be said of "
                  "suggestions for it",
                  task.id);
  return {};
}

/// `n` of them, evenly spread; all of them if n is 0 or more than there are.
std::vector<DefectTask> spread(std::vector<DefectTask> tasks, int n) {
  if (n <= 0 || size_t(n) >= tasks.size()) return tasks;
  std::vector<DefectTask> chosen;
  for (size_t i = 0; i < size_t(n); ++i)
    chosen.push_back(std::move(tasks[i * tasks.size() / size_t(n)]));
  return chosen;
}

Result<ReviewReport> review_of(engine::Generator& generator, const DefectTask& task,
                               const completion::ReviewOptions& how) {
  FATHOM_TRY(diffs, completion::parse_diff(task.diff));
  completion::ReviewInput input = completion::input_of(std::move(diffs));
  for (completion::ReviewedFile& file : input.files)
    file.text = std::make_shared<const std::string>(task.text);
  return completion::review(generator, std::move(input), how);
}

/// What the model says of each change, with the limits that `fathom review` has by default.
Result<std::map<std::string, ReviewReport>> review_all(const Options& options,
                                                       const std::vector<DefectTask>& tasks) {
  Log log = stderr_log(options.model.verbose);
  FATHOM_TRY(engine, start_engine(options.model, {}, log));
  const completion::ReviewOptions how{.min_confidence = options.min_confidence / 100.0,
                                      .context_tokens = engine->info().context_tokens,
                                      .seed = options.model.seed,
                                      .cancel = cancel_on_interrupt()};
  std::mutex mutex;  // guards the rest
  std::map<std::string, ReviewReport> reviews;
  std::optional<Error> error;
  size_t next = 0;
  Progress progress("Reviewing");
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (next < tasks.size() && !error) {
      const DefectTask& task = tasks[next++];
      progress.step(static_cast<int>(reviews.size()) + 1, static_cast<int>(tasks.size()));
      lock.unlock();
      Result<ReviewReport> report = review_of(*engine, task, how);
      lock.lock();
      if (report) {
        reviews.emplace(task.id, *std::move(report));
      } else {
        error = std::move(report.error());
      }
      if (how.cancel.cancelled()) error = Error{ErrorCode::cancelled, "interrupted"};
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kParallel; ++i) workers.emplace_back(work);
  }
  if (error) return tl::unexpected(*std::move(error));
  return reviews;
}

Result<ExitCode> eval_review(const Options& options) {
  FATHOM_TRY(all_tasks, read_defect_tasks(options.data));
  const std::vector<DefectTask> tasks = spread(std::move(all_tasks), options.limit);
  FATHOM_CHECK(check(tasks));
  FATHOM_TRY(reviews,
             options.reviews.empty() ? review_all(options, tasks) : read_reviews(options.reviews));
  DefectReport report;
  for (const DefectTask& task : tasks) {
    const auto review = reviews.find(task.id);
    if (review == reviews.end())
      return fail(ErrorCode::invalid_argument, "{} has no review of {}", options.reviews, task.id);
    add_to(report, task, score_review(task, review->second));
  }
  Json json = to_json(report.all);
  json["kinds"] = to_json(report.by_kind);
  json["languages"] = to_json(report.by_language);
  json["confidence"] = by_confidence(tasks, reviews, options.min_confidence);
  if (options.json)
    write_json(json);
  else
    print(json);
  return ExitCode::ok;
}

}  // namespace

Action add_eval_review(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("DATA", options->data,
                  "changes with planted defects, as tests/review/make_defects.py makes them")
      ->required();
  command
      .add_option("--reviews", options->reviews,
                  "instead of asking a model: JSON lines of {\"id\", \"report\"}, what was said of "
                  "each change")
      ->type_name("FILE");
  add_model_options(command, options->model);
  command
      .add_option("--min-confidence", options->min_confidence,
                  "as of `fathom review`, in percent (default: 50); higher limits are shown, too")
      ->check(CLI::Range(0, 100).description(""))
      ->type_name("N");
  command.add_option("--limit", options->limit, "only N changes, evenly spread (default: all)")
      ->check(CLI::Range(1, 1 << 30).description(""))
      ->type_name("N");
  add_json_option(command, options->json);
  return [options] { return eval_review(*options); };
}

}  // namespace fathom::cli
