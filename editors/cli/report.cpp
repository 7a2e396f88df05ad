// fathom report: a review that was kept as JSON, in another format.

#include <memory>

#include "completion/review/read_report.h"
#include "editors/cli/command.h"
#include "editors/cli/report_output.h"
#include "editors/cli/source_file.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

constexpr size_t kMaxReportBytes = size_t{64} << 20;

struct Options {
  std::string file;
  std::string format = "text";
};

Result<ExitCode> convert_report(const Options& options) {
  FATHOM_TRY(json, options.file == "-" ? read_stdin(kMaxReportBytes)
                                       : read_text_file(options.file, kMaxReportBytes));
  FATHOM_TRY(report, completion::read_report(json));
  write_report(report, options.format);
  return ExitCode::ok;
}

}  // namespace

Action add_report(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("REPORT", options->file, "what `fathom review --format json` wrote; - for stdin")
      ->required();
  add_format_option(command, options->format);
  return [options] { return convert_report(*options); };
}

}  // namespace fathom::cli
