// fathom review: what is wrong with a change.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>

#include "completion/review/baseline.h"
#include "completion/review/finding_names.h"
#include "completion/review/report_parts.h"
#include "editors/cli/command.h"
#include "editors/cli/output.h"
#include "editors/cli/report_output.h"
#include "editors/cli/review_run.h"
#include "engine/base/atomic_file.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

struct Options {
  ReviewArguments review;
  std::string format = "text";
  std::string fail_on = "warning";
  std::string write_baseline;
};

/// Adds the findings to the baseline, which need not exist.
Status write_baseline(const std::string& file, const completion::ReviewReport& report) {
  std::error_code error;
  std::string before;
  if (std::filesystem::exists(file, error)) {
    FATHOM_TRY(text, read_text_file(file, kMaxBaselineBytes));
    before = std::move(text);
  }
  FATHOM_TRY(json, completion::write_baseline(report.findings, before, file));
  FATHOM_TRY(out, AtomicFile::create(file));
  FATHOM_CHECK(out.write(std::as_bytes(std::span(json))));
  return out.commit();
}

Result<ExitCode> review(const Options& options) {
  FATHOM_TRY(run, run_review(options.review));
  write_report(run.report, options.format);
  if (!options.write_baseline.empty())
    FATHOM_CHECK(write_baseline(options.write_baseline, run.report));
  if (!run.report.is_complete()) return ExitCode::failure;
  if (!options.write_baseline.empty()) return ExitCode::ok;
  const completion::Severity threshold = completion::find_severity(options.fail_on).value();
  const bool fails = std::ranges::any_of(
      run.report.findings,
      [&](const completion::Finding& finding) { return finding.severity >= threshold; });
  return fails ? ExitCode::findings : ExitCode::ok;
}

}  // namespace

Action add_review(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_review_options(command, options->review);
  add_format_option(command, options->format);
  const auto names = completion::severity_names();
  command
      .add_option("--fail-on", options->fail_on,
                  "exit with 1 if there is a finding as bad as this: note, warning or error "
                  "(default: warning)")
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())).description(""))
      ->type_name("SEVERITY");
  command
      .add_option("--write-baseline", options->write_baseline,
                  "add the findings to FILE, for --baseline")
      ->type_name("FILE");
  command.footer(
      "Exit status: 0 nothing as bad as --fail-on, 1 findings, 2 usage or configuration,\n"
      "3 the engine failed or a part of the change was not reviewed.");
  return [options] { return review(*options); };
}

}  // namespace fathom::cli
