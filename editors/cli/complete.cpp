// fathom complete: what an editor would show at a cursor, in a terminal.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "completion/workspaces.h"
#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/location.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/remote_consent.h"
#include "editors/cli/source_file.h"
#include "editors/cli/wait.h"
#include "engine/base/mapped_file.h"
#include "engine/base/system.h"

namespace fathom::cli {
namespace {

using completion::Completion;

constexpr std::chrono::seconds kMaxWait{3};  // for the index of the project

struct Options {
  ModelOptions model;
  std::string place;
  std::vector<std::string> related;
  std::optional<int> max_tokens;
  int n = 1;
  bool from_stdin = false;
  bool json = false;
  bool explain_context = false;
};

Json to_json(std::string_view text, size_t offset) {
  const Position position = position_of(text, offset);
  return {{"line", position.line}, {"column", position.column}, {"offset", offset}};
}

Json range_of(const auto& suggestion, std::string_view text) {
  return {{"start", to_json(text, suggestion.replace_begin)},
          {"end", to_json(text, suggestion.replace_end)}};
}

Json to_json(const Completion& c, std::string_view text) {
  Json alternatives = Json::array();
  for (const completion::Alternative& other : c.alternatives)
    alternatives.push_back({{"text", other.text},
                            {"range", range_of(other, text)},
                            {"mean_logprob", other.mean_logprob}});
  Json context = Json::array();
  for (const completion::ContextPiece& piece : c.context)
    context.push_back({{"kind", piece.kind},
                       {"path", piece.path},
                       {"begin", piece.begin},
                       {"end", piece.end},
                       {"tokens", piece.tokens}});
  return {{"text", c.text},
          {"range", range_of(c, text)},
          {"alternatives", std::move(alternatives)},
          {"tokens", c.tokens},
          {"prompt_tokens", c.prompt_tokens},
          {"reused_tokens", c.reused_tokens},
          {"ms_first_token", c.ms_first_token},
          {"ms_total", c.ms_total},
          {"mean_logprob", c.mean_logprob},
          {"masked_secrets", c.masked_secrets},
          {"stop", c.stop},
          {"context", context}};
}

/// "12-30" of the bytes [begin, end).
std::string lines_of(std::string_view text, const completion::ContextPiece& piece) {
  const size_t last = std::max(piece.begin, piece.end - std::min<size_t>(piece.end, 1));
  if (piece.end > text.size()) return fmt::format("bytes {}-{}", piece.begin, piece.end);
  return fmt::format("{}-{}", position_of(text, piece.begin).line, position_of(text, last).line);
}

/// What the model was shown, in the order of the prompt: kind, place, tokens.
void print_context(const Completion& c, const completion::Snapshot& document,
                   const std::string& root) {
  for (const completion::ContextPiece& piece : c.context) {
    std::string place;
    if (piece.path == document.path) {
      place = lines_of(document.text, piece);
    } else {
      const auto file = std::filesystem::path(root) / piece.path;
      place = lines_of(read_text_file(file, kMaxSourceBytes).value_or(""), piece);
    }
    fmt::print(stderr, "{:<11} {:>5} tokens  {}:{}\n", piece.kind, piece.tokens,
               printable(piece.path), place);
  }
}

Result<std::vector<completion::SnapshotPtr>> read_files(const std::vector<std::string>& names) {
  std::vector<completion::SnapshotPtr> files;
  for (const std::string& name : names) {
    FATHOM_TRY(text, read_text_file(name, kMaxSourceBytes));
    files.push_back(make_snapshot(name, std::move(text)));
  }
  return files;
}

/// Writes a suggestion to a terminal as it grows.
class Writer final {
 public:
  /// Generator's thread.
  void grow(const Completion& partial) { write(partial.text); }
  /// Alternatives follow, each behind a line of dashes.
  void finish(const Completion& whole) {
    write(whole.text);
    std::string_view last = whole.text;
    for (const completion::Alternative& other : whole.alternatives) {
      stream_out("\n---\n");
      stream_out(other.text);
      last = other.text;
    }
    end_text(last);
  }

 private:
  void write(std::string_view text) {
    stream_out(text.substr(n_written_));
    n_written_ = text.size();
  }

  size_t n_written_ = 0;
};

Result<ExitCode> complete(const Options& options) {
  FATHOM_TRY(place, parse_file_position(options.place));
  FATHOM_TRY(text, options.from_stdin ? read_stdin(kMaxSourceBytes)
                                      : read_text_file(place.file, kMaxSourceBytes));
  FATHOM_TRY(cursor, offset_of(text, place.position));
  const completion::Config config = read_config().values;
  const std::string project = project_root(place.file);
  const std::string root = config.cross_file ? project : "";
  const completion::SnapshotPtr snapshot = make_snapshot(place.file, std::move(text), root);
  FATHOM_TRY(related, read_files(options.related));
  std::error_code error;
  const std::string repository = std::filesystem::current_path(error).filename().string();

  const ModelOptions model = configured(options.model, config);
  FATHOM_CHECK(ask_for_consent(model.remote, project));
  Log log = stderr_log(options.model.verbose);
  const auto workspaces =
      std::make_shared<completion::Workspaces>(completion::WorkspacesOptions{}, log);
  if (!root.empty()) workspaces->open(root);  // while the model is loaded
  FATHOM_TRY(runtime, start_runtime(model, log, workspaces));
  if (!root.empty() && !workspaces->wait_until_ready(root, kMaxWait))
    log.info("{} is not indexed yet: completing without its other files", root);
  Writer writer;
  // What was shown is only extended. Where nobody watches, the text does not depend on when it
  // came.
  completion::Assistant::OnUpdate on_update;
  if (!options.json && is_terminal(stdout))
    on_update = [&writer](const Completion& partial) { writer.grow(partial); };
  FATHOM_TRY(completion, wait_for<Result<Completion>>([&](auto on_done) {
               runtime->assistant().complete(
                   {.snapshot = snapshot,
                    .cursor = cursor,
                    .root = root,
                    .related = related,
                    .repository = repository,
                    .trigger = completion::Trigger::invoked,
                    .max_tokens = options.max_tokens.value_or(config.max_completion_tokens),
                    .n = options.n,
                    .max_lines = config.max_completion_lines,
                    .cancel = cancel_on_interrupt()},
                   on_update, on_done);
             }));

  if (options.explain_context) print_context(completion, *snapshot, root);
  report_masked(completion.masked_secrets);
  if (options.json) {
    write_json(to_json(completion, snapshot->text));
  } else if (completion.text.empty() && completion.alternatives.empty()) {
    report(fmt::format("nothing to suggest here ({})", completion.stop));
  } else {
    writer.finish(completion);
  }
  return ExitCode::ok;
}

}  // namespace

Action add_complete(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("FILE:LINE:COL", options->place,
                  "the cursor: line from 1, column in bytes from 1")
      ->required();
  add_model_options(command, options->model);
  add_force_fim_option(command, options->model);
  command
      .add_option("--with", options->related,
                  "another file of the repository to show the model; may be repeated, the most "
                  "telling one last")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_flag("--stdin", options->from_stdin,
                   "read the text from stdin; FILE is only its name and need not exist");
  command
      .add_option("--n", options->n, "suggestions to choose from, the likeliest first (default: 1)")
      ->check(CLI::Range(1, 5).description(""))
      ->type_name("N");
  add_json_option(command, options->json);
  command.add_flag("--explain-context", options->explain_context,
                   "list on stderr what the model was shown");
  command
      .add_option("--max-tokens", options->max_tokens,
                  "longest completion (default: what the syntax at the cursor asks for)")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->type_name("N");
  return [options] { return complete(*options); };
}

}  // namespace fathom::cli
