#include "editors/cli/review_run.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "completion/review/baseline.h"
#include "completion/review/check_suggestions.h"
#include "completion/review/diff_parser.h"
#include "completion/review/git_repository.h"
#include "completion/review/index_around.h"
#include "completion/review/reviewer.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/output.h"
#include "editors/cli/progress.h"
#include "editors/cli/remote_consent.h"
#include "editors/cli/source_file.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

using completion::ChangeRequest;
using completion::GitRepository;
using completion::ReviewInput;

constexpr size_t kMaxDiffBytes = size_t{64} << 20;
/// As many as the default KV cache has room for.
constexpr int kParallelParts = 4;

Result<ChangeRequest> request_of(const ReviewArguments& arguments) {
  const int n_given = int{!arguments.range.empty()} + int{!arguments.base.empty()} +
                      int{arguments.staged} + int{!arguments.diff.empty()};
  if (n_given > 1) {
    return fail(ErrorCode::invalid_argument,
                "RANGE, --base, --staged and --diff exclude each other: give one of them");
  }
  using Kind = ChangeRequest::Kind;
  if (!arguments.range.empty()) return ChangeRequest{Kind::range, arguments.range};
  if (!arguments.base.empty()) return ChangeRequest{Kind::base, arguments.base};
  return ChangeRequest{arguments.staged ? Kind::staged : Kind::working_tree, ""};
}

/// What is to be reviewed, and where it is from.
struct Change {
  ReviewInput input;
  std::optional<GitRepository> repository;
  ChangeRequest request;
};

/// Declarations that the change may use, from the files that it is a change of.
Status look_around(Change& change) {
  if (change.input.files.empty()) return {};
  FATHOM_TRY(files, change.repository->files(change.request));
  change.input.around = index_around(change.input, files, completion::SecretFinder());
  return {};
}

Result<Change> read_change(const ReviewArguments& arguments) {
  Change change;
  FATHOM_TRY(request, request_of(arguments));
  change.request = std::move(request);
  std::error_code error;
  Result<GitRepository> repository = GitRepository::find(std::filesystem::current_path(error));
  if (repository) change.repository = *std::move(repository);
  if (arguments.diff.empty()) {
    if (!repository) return tl::unexpected(std::move(repository.error()));
    FATHOM_TRY(input, change.repository->changes(change.request));
    change.input = std::move(input);
    FATHOM_CHECK(look_around(change));
    return change;
  }
  if (!arguments.check.empty()) {
    return fail(ErrorCode::invalid_argument,
                "--check needs the files of a repository; it does not go with --diff");
  }
  FATHOM_TRY(text, arguments.diff == "-" ? read_stdin(kMaxDiffBytes)
                                         : read_text_file(arguments.diff, kMaxDiffBytes));
  FATHOM_TRY(diffs, completion::parse_diff(text));
  const bool has_files = change.repository && !change.repository->working_tree().empty();
  change.input = has_files ? change.repository->complete(std::move(diffs))
                           : completion::input_of(std::move(diffs));
  if (has_files) FATHOM_CHECK(look_around(change));
  return change;
}

Status check(const ReviewArguments& arguments, const Change& change, const CancelToken& cancel,
             completion::ReviewReport& report) {
  Progress progress("Checking suggestions");
  FATHOM_TRY(failure, completion::check_suggestions(
                          report, *change.repository, change.request,
                          {.command = arguments.check,
                           .max_seconds = arguments.check_seconds,
                           .cancel = cancel,
                           .on_progress = [&](int n, int total) { progress.step(n, total); }}));
  if (!failure.empty()) cli::report(fmt::format("a suggestion failed the check:\n{}", failure));
  return {};
}

}  // namespace

void add_review_options(CLI::App& command, ReviewArguments& arguments) {
  command.add_option(
      "RANGE", arguments.range,
      "A..B, A...B (from their merge base to B), or one commit (default: the working "
      "tree against HEAD, as `git diff HEAD`)");
  command.add_option("--base", arguments.base, "what HEAD adds to the branch REF")
      ->type_name("REF");
  command.add_flag("--staged", arguments.staged, "what is staged to be committed");
  command.add_option("--diff", arguments.diff, "a unified diff; - for stdin")->type_name("FILE");
  command
      .add_option("--max-findings", arguments.max_findings,
                  "report no more than these, the worst (default: 8)")
      ->check(CLI::Range(1, 100).description(""))
      ->type_name("N");
  command
      .add_option("--min-confidence", arguments.min_confidence,
                  "leave out what the model is less certain of, in percent (default: 50)")
      ->check(CLI::Range(0, 100).description(""))
      ->type_name("N");
  command
      .add_option("--max-seconds", arguments.max_seconds,
                  "end the review after this time; what was not reviewed is reported")
      ->check(CLI::Range(1, 86400).description(""))
      ->type_name("N");
  command
      .add_option("--max-tokens", arguments.max_tokens,
                  "end the review once the model has written as much")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40).description(""))
      ->type_name("N");
  command
      .add_option("--baseline", arguments.baseline,
                  "leave out the findings that FILE lists (see --write-baseline)")
      ->type_name("FILE");
  command
      .add_option("--check", arguments.check,
                  "keep only suggestions under which this shell command succeeds; it runs in a "
                  "temporary copy of the files, once for each suggestion")
      ->type_name("CMD");
  command
      .add_option("--check-seconds", arguments.check_seconds,
                  "time for each run of it (default: 300)")
      ->check(CLI::Range(1, 86400).description(""))
      ->type_name("N");
  add_model_options(command, arguments.model);
}

Result<ReviewRun> run_review(const ReviewArguments& arguments) {
  completion::ReviewOptions options{.max_findings = arguments.max_findings,
                                    .min_confidence = arguments.min_confidence / 100.0,
                                    .max_tokens = arguments.max_tokens,
                                    .max_seconds = arguments.max_seconds,
                                    .n_parallel = kParallelParts,
                                    .seed = arguments.model.seed};
  if (!arguments.baseline.empty()) {
    FATHOM_TRY(json, read_text_file(arguments.baseline, kMaxBaselineBytes));
    FATHOM_TRY(baseline, completion::read_baseline(json, arguments.baseline));
    options.baseline = std::move(baseline);
  }
  FATHOM_TRY(change, read_change(arguments));
  ReviewRun run;
  if (change.repository) run.working_tree = change.repository->working_tree();
  if (change.input.files.empty()) {
    run.report.unreviewed = std::move(change.input.skipped);
    return run;
  }

  Log log = stderr_log(arguments.model.verbose);
  const completion::Config config = read_config().values;
  const ModelOptions model = configured(arguments.model, config, completion::Role::reasoning);
  FATHOM_CHECK(ask_for_consent(model.remote, run.working_tree.string()));
  options.cancel = cancel_on_interrupt();
  FATHOM_TRY(runtime, start_runtime(model, log));
  options.context_tokens = runtime->info().context_tokens;
  options.max_reasoning_tokens = config.max_reasoning_tokens;
  {
    Progress progress("Reviewing");
    options.on_progress = [&](int done, int total) { progress.step(done + 1, total); };
    run.report = completion::review(runtime->generator(), std::move(change.input), options);
  }
  if (!arguments.check.empty()) FATHOM_CHECK(check(arguments, change, options.cancel, run.report));
  run.is_interrupted = options.cancel.cancelled();
  return run;
}

}  // namespace fathom::cli
