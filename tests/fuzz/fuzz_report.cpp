// Reports of strangers: what read_report() takes becomes the same report again, and a document of
// valid UTF-8 without an escape in every format.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "completion/review/read_report.h"
#include "completion/review/report_format.h"
#include "engine/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fathom::completion;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto report = read_report(input);
  if (!report) return 0;

  const ReportStyle style{.version = "0"};
  const std::string json = format_json(*report, style);
  const auto again = read_report(json);
  if (!again || format_json(*again, style) != json) std::abort();
  for (const ReportFormat& format : report_formats()) {
    const std::string document = format.write(*report, style);
    if (fathom::valid_prefix(document) != document.size()) std::abort();
    if (document.find('\x1b') != std::string::npos) std::abort();
  }
  return 0;
}
