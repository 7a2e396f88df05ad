// A report with something of everything, for tests of the formats.

#pragma once

#include <memory>
#include <string>

#include "completion/review/finding.h"

namespace fathom::completion {

/// New-side lines [begin, begin + n) of which [added.begin, added.end] were added.
inline Hunk hunk_of(int begin, int n, LineRange added) {
  Hunk hunk{.old_begin = begin,
            .old_count = n - (added.end - added.begin + 1),
            .new_begin = begin,
            .new_count = n};
  for (int line = begin; line < begin + n; ++line)
    hunk.lines.push_back({.kind = line >= added.begin && line <= added.end
                                      ? DiffLine::Kind::added
                                      : DiffLine::Kind::context,
                          .new_line = line});
  return hunk;
}

inline Finding finding_on(std::string path, LineRange lines, std::string message) {
  return {.path = std::move(path),
          .lines = lines,
          .severity = Severity::warning,
          .category = "bug",
          .confidence = 0.875,
          .message = std::move(message),
          .quote = "  int half = total / n;",
          .fingerprint = "00112233aabbccdd"};
}

/// One file, "src/a.cpp", of five lines, of which 2 to 4 were added; one finding on line 3 whose
/// suggestion replaces it by two lines.
inline ReviewReport sample_report() {
  const auto text = std::make_shared<const std::string>(
      "int mean(int total, int n) {\n\tif (total < 0) return 0;\n  int half = total / n;\n"
      "  return half;\n}\n");
  Finding finding = finding_on("src/a.cpp", {3, 3}, "n may be 0 here");
  finding.suggestion =
      Suggestion{.lines = {3, 3},
                 .replacement = "  if (n == 0) return 0;\n  int half = total / n;\n",
                 .parses = true};
  return {.model = "scripted",
          .findings = {std::move(finding)},
          .files = {{.diff = {.old_path = "src/a.cpp",
                              .new_path = "src/a.cpp",
                              .hunks = {hunk_of(1, 5, {2, 4})}},
                     .text = text,
                     .shown = text}},
          .n_hunks = 1,
          .prompt_tokens = 100,
          .output_tokens = 20};
}

}  // namespace fathom::completion
