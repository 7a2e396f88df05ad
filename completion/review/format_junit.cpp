// JUnit XML, as CI systems read it: a test case for each file, which fails by its findings, is
// skipped by rule, or is in error where it should have been reviewed and was not.

#include <algorithm>

#include <fmt/format.h>

#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "completion/review/visible.h"

namespace fathom::completion {
namespace {

/// XML 1.0 cannot express most control characters at all; visible_lines() spells them out.
std::string xml(std::string_view text) {
  std::string result;
  for (const char c : visible_lines(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\n':
        result += "&#10;";
        break;
      case '\t':
        result += "&#9;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

struct TestCase {
  std::string elements;
  int n_failures = 0;
  int n_errors = 0;
  int n_skipped = 0;
};

TestCase test_case(const ReviewReport& report, std::string_view path) {
  TestCase test;
  for (const Finding& finding : report.findings) {
    if (finding.path != path) continue;
    ++test.n_failures;
    const std::string place = place_in_words(path, finding.lines);
    test.elements +=
        fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                    xml(finding.category), xml(finding.message),
                    xml(fmt::format("{}: {}: {}\n{}", place, severity_name(finding.severity),
                                    finding.message, finding.quote)));
  }
  for (const Unreviewed& part : report.unreviewed) {
    if (part.path != path) continue;
    ++(part.is_expected ? test.n_skipped : test.n_errors);
    test.elements +=
        fmt::format("      <{} message=\"{}\"/>\n", part.is_expected ? "skipped" : "error",
                    xml(place_in_words("not reviewed", part.lines) + ": " + part.reason));
  }
  return test;
}

/// Each path of the report once: a finding or a note may be on a file that has no row.
std::vector<std::string_view> paths(const ReviewReport& report) {
  std::vector<std::string_view> result;
  const auto add = [&](std::string_view path) {
    if (!std::ranges::count(result, path)) result.push_back(path);
  };
  for (const ReviewedFile& file : report.files)
    add(file.diff.new_path.empty() ? file.diff.old_path : file.diff.new_path);
  for (const Finding& finding : report.findings) add(finding.path);
  for (const Unreviewed& part : report.unreviewed) add(part.path);
  return result;
}

}  // namespace

std::string format_junit(const ReviewReport& report, const ReportStyle&) {
  std::string cases;
  TestCase total;
  const std::vector<std::string_view> all_paths = paths(report);
  for (const std::string_view path : all_paths) {
    const TestCase test = test_case(report, path);
    cases += fmt::format("    <testcase classname=\"fathom\" name=\"{}\">\n{}    </testcase>\n",
                         xml(path), test.elements);
    total.n_failures += test.n_failures > 0;
    total.n_errors += test.n_errors > 0;
    total.n_skipped += test.n_skipped > 0;
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "  <testsuite name=\"fathom review\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "skipped=\"{}\">\n{}  </testsuite>\n</testsuites>\n",
      all_paths.size(), total.n_failures, total.n_errors, total.n_skipped, cases);
}

}  // namespace fathom::completion
