// fathom patch: what a review suggests, as a diff that applies.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "completion/review/apply_patches.h"
#include "completion/review/patch_writer.h"
#include "completion/review/visible.h"
#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/output.h"
#include "editors/cli/review_run.h"
#include "engine/base/system.h"

namespace fathom::cli {
namespace {

using completion::FilePatch;
using completion::Finding;

struct Options {
  ReviewArguments review;
  bool interactive = false;
  bool apply = false;
};

/// The lines of a diff as a terminal shows them: hostile bytes spelled out, in colours.
std::string shown_diff(std::string_view diff, bool colour) {
  std::string shown;
  while (!diff.empty()) {
    const size_t end = std::min(diff.find('\n'), diff.size());
    const std::string line = completion::visible_text(diff.substr(0, end));
    const char* paint = line.starts_with('+')   ? "\033[32m"
                        : line.starts_with('-') ? "\033[31m"
                        : line.starts_with('@') ? "\033[36m"
                                                : "";
    const bool is_painted = colour && *paint != '\0';
    shown += fmt::format("{}{}{}\n", is_painted ? paint : "", line, is_painted ? "\033[0m" : "");
    diff.remove_prefix(std::min(end + 1, diff.size()));
  }
  return shown;
}

constexpr std::string_view kChoices =
    "y: take this change    n: leave it\n"
    "a: take it and all that follow    q: leave it and all that follow\n";

/// Shows a patch and asks, on stderr: stdout may be where the diff goes. The end of the input
/// quits.
completion::Choice ask(const completion::PatchQuestion& question) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool colour = is_terminal(stderr) && (no_color == nullptr || *no_color == '\0');
  fmt::print(stderr, "{}", shown_diff(question.patch, colour));
  while (true) {
    fmt::print(stderr, "({}/{}) Take this change [y,n,a,q,?]? ", question.number,
               question.n_suggestions);
    std::string answer;
    if (!std::getline(std::cin, answer)) return completion::Choice::quit;
    if (answer == "y") return completion::Choice::take;
    if (answer == "n") return completion::Choice::leave;
    if (answer == "a") return completion::Choice::take_rest;
    if (answer == "q") return completion::Choice::quit;
    fmt::print(stderr, "{}", kChoices);
  }
}

Result<ExitCode> patch(const Options& options) {
  if (options.interactive && options.review.diff == "-") {
    return fail(ErrorCode::invalid_argument,
                "--interactive reads answers from stdin, so the diff cannot come from there");
  }
  FATHOM_TRY(run, run_review(options.review));
  end_on_interrupt();  // there is nothing left to be saved from it
  if (run.is_interrupted && (options.apply || options.interactive))
    return fail(ErrorCode::cancelled, "interrupted; no file has been changed");
  const std::set<const Finding*> wanted = options.interactive
                                              ? completion::choose_findings(run.report, ask)
                                              : std::set<const Finding*>();
  const std::vector<FilePatch> patches = completion::make_patches(
      run.report,
      [&](const Finding& finding) { return !options.interactive || wanted.contains(&finding); });
  if (!options.apply) {
    const std::string text = completion::patch_text(patches);
    write_out(is_terminal(stdout) ? shown_diff(text, wants_colour()) : text);
  } else if (!patches.empty()) {
    FATHOM_CHECK(completion::apply_patches(run.report, patches, run.working_tree));
    for (const FilePatch& done : patches) report(fmt::format("changed {}", done.path));
  }
  if (patches.empty() && !options.interactive) report("nothing is suggested");
  for (const completion::Unreviewed& part : run.report.unreviewed) {
    if (!part.is_expected) report(fmt::format("not reviewed: {}: {}", part.path, part.reason));
  }
  return run.report.is_complete() ? ExitCode::ok : ExitCode::failure;
}

}  // namespace

Action add_patch(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_review_options(command, options->review);
  command.add_flag("--interactive,-i", options->interactive,
                   "show each change and ask whether to take it");
  command.add_flag("--apply", options->apply,
                   "change the files instead of printing the diff, if they are still what was "
                   "reviewed");
  command.footer(
      "The diff is for `git apply`; the lines above each file say what was verified.\n"
      "Exit status: 0 all was reviewed, 2 usage or configuration, 3 the engine failed or a part\n"
      "of the change was not reviewed.");
  return [options] { return patch(*options); };
}

}  // namespace fathom::cli
