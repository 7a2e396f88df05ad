#include "editors/cli/report_output.h"

#include <vector>

#include "completion/review/report_format.h"
#include "editors/cli/output.h"

namespace fathom::cli {

void add_format_option(CLI::App& command, std::string& format) {
  std::vector<std::string> names;
  std::string help;
  for (const completion::ReportFormat& known : completion::report_formats()) {
    names.emplace_back(known.name);
    help += fmt::format("{}{}: {}", help.empty() ? "" : "; ", known.name, known.summary);
  }
  command.add_option("--format", format, fmt::format("{} (default: {})", help, format))
      ->check(CLI::IsMember(names).description(""))
      ->type_name("NAME");
}

void write_report(const completion::ReviewReport& report, const std::string& format) {
  const completion::ReportStyle style{.version = FATHOM_VERSION, .colour = wants_colour()};
  write_out(completion::find_report_format(format)->write(report, style));
}

}  // namespace fathom::cli
