// What the formats of a report share: paths, severities, and which lines a host of code takes
// comments on.
//
// Pure functions; any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "completion/review/finding.h"

namespace fathom::completion {

/// "note", "warning", "error".
std::string_view severity_name(Severity severity);
std::optional<Severity> find_severity(std::string_view name);

/// "modified", "added", "deleted", "renamed", "copied", "mode_changed".
std::string_view status_name(FileDiff::Status status);
std::optional<FileDiff::Status> find_status(std::string_view name);

/// A path as a relative URI: bytes other than letters, digits and -._~/ are percent-encoded, so
/// that paths that are not UTF-8 survive.
std::string path_to_uri(std::string_view path);
/// Nothing if an escape is malformed.
std::optional<std::string> path_from_uri(std::string_view uri);

/// Findings of each severity.
struct SeverityCounts {
  int errors = 0;
  int warnings = 0;
  int notes = 0;
};
SeverityCounts count_severities(const ReviewReport& report);
/// "1 hunk", "2 hunks".
std::string counted(int n, std::string_view noun);
/// "no findings", "1 finding (1 error)", "3 findings (1 error, 2 notes)".
std::string findings_in_words(const ReviewReport& report);
/// "2 without an anchor, 1 duplicate"; "" if there were none.
std::string rejected_in_words(const RejectedFindings& rejected);
/// "a.cpp", "a.cpp:3", "a.cpp:3-5": for people.
std::string place_in_words(std::string_view path, LineRange lines);

/// The file of that new path; null if the report has none.
const ReviewedFile* find_file(const ReviewReport& report, std::string_view path);
/// Whether one hunk of the diff, with its context, holds all lines.
bool is_in_one_hunk(const ReviewReport& report, std::string_view path, LineRange lines);
/// The last of `lines` that the diff added.
std::optional<int> last_added_line(const ReviewReport& report, std::string_view path,
                                   LineRange lines);

/// Whether it is UTF-8.
bool is_text(std::string_view bytes);
/// The lines of a text without their ends (LF or CRLF). "" has none, "a" and "a\n" have one.
std::vector<std::string_view> split_lines(std::string_view text);
/// The replacement's lines, each with an LF; "" if it deletes.
std::string replacement_with_lf(const Suggestion& suggestion);
/// "applies", "applies, parses", "applies, parses, passes the check".
std::string verified_in_words(const Suggestion& suggestion);

/// Whether a host may offer the suggestion to be applied with a click: it is text in which
/// everything can be seen, not enormous, and not on a file that controls what CI runs, who must
/// approve, or what is downloaded (.github/, .gitlab-ci.yml, CODEOWNERS, lock files).
bool is_committable(const Finding& finding);

}  // namespace fathom::completion
