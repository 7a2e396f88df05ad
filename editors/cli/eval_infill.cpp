// fathom eval infill: how often a model writes the line that is missing.

#include <chrono>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/infill_data.h"
#include "editors/cli/infill_run.h"
#include "editors/cli/infill_score.h"
#include "editors/cli/infill_source.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"

namespace fathom::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string data;
  std::string folder;
  int per_kind = 4;
  std::string language = "python";
  std::string layout;  // "": of the benchmark, or the model's own with `pipeline`
  bool pipeline = false;
  int limit = 0;
  bool json = false;
};

/// `n` of them, evenly spread; all of them if n is 0 or more than there are.
std::vector<InfillTask> spread(std::vector<InfillTask> tasks, int n) {
  if (n <= 0 || size_t(n) >= tasks.size()) return tasks;
  std::vector<InfillTask> chosen;
  for (size_t i = 0; i < size_t(n); ++i)
    chosen.push_back(std::move(tasks[i * tasks.size() / size_t(n)]));
  return chosen;
}

Result<std::vector<InfillTask>> read_tasks(const Options& options) {
  if (options.data.empty() == options.folder.empty())
    return fail(ErrorCode::invalid_argument, "either DATA or --from FOLDER is needed");
  if (!options.folder.empty()) return make_infill_tasks(options.folder, options.per_kind);
  FATHOM_TRY(tasks, read_infill_tasks(options.data));
  for (InfillTask& task : tasks) task.language = options.language;
  return std::move(tasks);
}

/// In percent; nothing without tasks.
Json share(double part, double whole) { return whole > 0 ? Json(100 * part / whole) : Json(); }

Json to_json(const InfillScore& s) {
  return {{"tasks", s.tasks},
          {"exact_match", share(s.exact, s.tasks)},
          {"edit_similarity", share(s.likeness, s.tasks)},
          {"shown", share(s.shown, s.tasks)},
          {"parse_rate", s.with_syntax == s.tasks ? share(s.parsed, s.tasks) : Json()},
          {"shown_in_clean_text", s.clean},
          {"breaks_clean_text", share(s.broken, s.clean)},
          {"mean_tokens", s.tokens / s.tasks},
          {"mean_prompt_tokens", s.prompt_tokens / s.tasks},
          {"stops", s.stops}};
}

Json to_json(const std::map<std::string, InfillScore>& scores) {
  Json json = Json::object();
  for (const auto& [name, score] : scores) json[name] = to_json(score);
  return json;
}

Json to_json(const InfillReport& report, double seconds) {
  Json json = to_json(report.all);
  json["tasks_per_s"] = report.all.tasks / seconds;
  json["tokens_per_s"] = report.all.tokens / seconds;
  json["prompt_tokens_per_s"] = report.all.prompt_tokens / seconds;
  json["seconds"] = seconds;
  json["languages"] = to_json(report.by_language);
  json["kinds"] = to_json(report.by_kind);
  Json rows = Json::array();
  for (const ConfidenceRow& row : report.confidence)
    rows.push_back({{"min_confidence", row.min_confidence},
                    {"shown", 100 * row.shown},
                    {"exact_match_of_shown", 100 * row.precise}});
  json["confidence"] = std::move(rows);
  return json;
}

std::string percent(const Json& value) {
  return value.is_null() ? "-" : fmt::format("{:.1f} %", value.get<double>());
}

void print_row(std::string_view name, const Json& score) {
  write_out(fmt::format("{:<14} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name,
                        score["tasks"].get<size_t>(), percent(score["exact_match"]),
                        percent(score["edit_similarity"]), percent(score["shown"]),
                        percent(score["parse_rate"]), percent(score["breaks_clean_text"])));
}

void print(const Json& json) {
  write_out(fmt::format("{:<14} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "tasks", "exact",
                        "similar", "shown", "parses", "breaks"));
  for (const char* group : {"languages", "kinds"})
    for (const auto& [name, score] : json[group].items()) print_row(name, score);
  print_row("all", json);
  write_out(fmt::format("{:.1f} tasks/s, {:.1f} tokens/s, {:.1f} tokens a task\n",
                        json["tasks_per_s"].get<double>(), json["tokens_per_s"].get<double>(),
                        json["mean_tokens"].get<double>()));
}

Result<ExitCode> eval_infill(const Options& options) {
  FATHOM_TRY(all_tasks, read_tasks(options));
  const std::vector<InfillTask> tasks = spread(std::move(all_tasks), options.limit);

  Log log = stderr_log(options.model.verbose);
  FATHOM_TRY(engine, start_engine(options.model, {.cache_tokens = kInfillCacheTokens}, log));
  const engine::ModelTraits& traits = engine->traits();
  if (!traits.fim_refusal.empty()) {
    return fail(ErrorCode::unsupported,
                "{} was not trained to fill in the middle: {}; --force-fim tries nevertheless",
                traits.name, traits.fim_refusal);
  }
  if (!traits.fim)
    return fail(ErrorCode::unsupported, "{} has no markers to fill in the middle", traits.name);

  InfillOptions how;
  if (!options.layout.empty()) how.line_anchored = options.layout == "anchored";
  const auto begin = std::chrono::steady_clock::now();
  FATHOM_TRY(answers, options.pipeline ? run_pipeline(*engine, log, tasks, how)
                                       : run_raw(*engine, tasks, how));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;

  const Json json = to_json(score_infill(tasks, answers), elapsed.count());
  if (options.json)
    write_json(json);
  else
    print(json);
  return ExitCode::ok;
}

}  // namespace

Action add_eval_infill(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("DATA", options->data,
                     "JSON lines with prompt, suffix and canonical_solution; may be gzipped");
  command
      .add_option("--from", options->folder,
                  "instead of DATA: holes in the source files of a folder, the same each time")
      ->type_name("FOLDER");
  command.add_option("--per-kind", options->per_kind, "holes of each kind in a file (default: 4)")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N");
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  command.add_flag("--pipeline", options->pipeline,
                   "with everything an editor's completion goes through: context, token healing, "
                   "stop rules, filters (default: the model alone, as published figures have it)");
  command
      .add_option("--layout", options->layout,
                  "where the begin of the cursor's line stands: before the hole, or at the end of "
                  "the prompt (default: classic; with --pipeline what the model's traits say)")
      ->check(CLI::IsMember({"classic", "anchored"}).description(""))
      ->type_name("classic|anchored");
  command.add_option("--limit", options->limit, "only N tasks, evenly spread (default: all)")
      ->check(CLI::Range(1, 1 << 30).description(""))
      ->type_name("N");
  command
      .add_option("--language", options->language,
                  "language of DATA, to tell whether answers parse (default: python)")
      ->type_name("NAME");
  add_json_option(command, options->json);
  return [options] { return eval_infill(*options); };
}

}  // namespace fathom::cli
