// What a review says: findings on lines of the new side of a diff, and what was left out.

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "completion/review/diff.h"

namespace fathom::completion {

enum class Severity { note, warning, error };

/// Lines of a file, 1-based, both ends included.
struct LineRange {
  int begin = 0;
  int end = 0;
};

/// Whole lines in the place of others. Only what passed every check of `Verified` that is
/// mandatory (differs, applies, parses) gets into a report.
struct Suggestion {
  LineRange lines;
  std::string replacement;  // with the file's own line ends; "" deletes the lines
  bool parses = false;      // adds no syntax error; false: fathom does not know the language
  bool checked = false;     // the user's check command passed
};

struct Finding {
  std::string path;  // of the new side, relative to the repository's root
  LineRange lines;   // on the new side; at least one of them is an added line
  Severity severity = Severity::warning;
  std::string category;   // "bug", "security", "secret", ...: finding_categories()
  double confidence = 0;  // 0 to 1
  std::string message;    // plain text, one paragraph
  std::string quote;      // the lines that it is anchored by; secrets in them masked
  std::optional<Suggestion> suggestion;
  std::string fingerprint;  // hex; survives shifts of lines, differs between equal lines of a file
};

/// A file of the diff that was looked at, for excerpts and for what hosts accept.
struct ReviewedFile {
  FileDiff diff;
  std::shared_ptr<const std::string> text;   // of the new side; null: not at hand (a diff on stdin)
  std::shared_ptr<const std::string> shown;  // the same with secrets masked: for excerpts
};

/// A part of the diff that the model did not see, or whose answer could not be read.
struct Unreviewed {
  std::string path;
  LineRange lines;     // on the new side; {0, 0}: the whole file
  std::string reason;  // for people: "binary", "generated (.gitattributes)", "out of time", ...
  bool is_expected = false;  // by rule (binary, generated, deleted): the review is complete anyway
};

/// Findings of the model that were not believed, by reason.
struct RejectedFindings {
  int no_anchor = 0;  // its quote is not in the hunk, or more than once
  int not_added = 0;  // on lines that the diff did not add
  int malformed = 0;
  int duplicate = 0;
  int low_confidence = 0;
  int over_limit = 0;   // more than the most findings asked for
  int suppressed = 0;   // by fathom:allow or the baseline
  int suggestions = 0;  // findings kept, but without their suggestion, which failed a check
};

struct ReviewReport {
  std::string model;              // its name
  std::vector<Finding> findings;  // by path, then line
  std::vector<ReviewedFile> files;
  std::vector<Unreviewed> unreviewed;
  RejectedFindings rejected;
  int n_hunks = 0;
  int64_t prompt_tokens = 0;
  int64_t output_tokens = 0;

  /// Everything that should have been reviewed was.
  bool is_complete() const { return std::ranges::all_of(unreviewed, &Unreviewed::is_expected); }
};

}  // namespace fathom::completion
