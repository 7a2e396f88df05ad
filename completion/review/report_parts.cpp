#include "completion/review/report_parts.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "completion/review/finding_names.h"
#include "completion/review/visible.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxSuggestionBytes = 20'000;

// By enum.
constexpr std::array kStatusNames = {"modified", "added",  "deleted",
                                     "renamed",  "copied", "mode_changed"};

template <class Enum>
std::optional<Enum> find_name(const auto& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '/';
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 == 0
}

/// Files whose change takes effect beyond the code: a click must not be enough.
bool is_protected(std::string_view path) {
  constexpr std::array kNames = {
      "CODEOWNERS",  ".gitmodules",  ".gitattributes",    ".pre-commit-config.yaml",
      "Cargo.lock",  "Gemfile.lock", "Jenkinsfile",       "composer.lock",
      "flake.lock",  "go.sum",       "package-lock.json", "pnpm-lock.yaml",
      "poetry.lock", "uv.lock",      "yarn.lock",         "npm-shrinkwrap.json"};
  return path.starts_with(".github/") || path.starts_with(".gitlab") ||
         path.starts_with(".circleci/") || std::ranges::count(kNames, file_name(path)) > 0;
}

}  // namespace

std::string counted(int n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string_view severity_name(Severity severity) {
  return severity_names()[static_cast<size_t>(severity)];
}

std::optional<Severity> find_severity(std::string_view name) {
  return find_name<Severity>(severity_names(), name);
}

std::string_view status_name(FileDiff::Status status) {
  return kStatusNames[static_cast<size_t>(status)];
}

std::optional<FileDiff::Status> find_status(std::string_view name) {
  return find_name<FileDiff::Status>(kStatusNames, name);
}

std::string path_to_uri(std::string_view path) {
  std::string uri;
  for (const char c : path)
    uri += is_unreserved(c) ? std::string(1, c)
                            : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return uri;
}

std::optional<std::string> path_from_uri(std::string_view uri) {
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] != '%') {
      path += uri[i];
      continue;
    }
    if (i + 2 >= uri.size()) return std::nullopt;
    const std::optional<int> high = hex_digit(uri[i + 1]);
    const std::optional<int> low = hex_digit(uri[i + 2]);
    if (!high || !low) return std::nullopt;
    path += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return path;
}

SeverityCounts count_severities(const ReviewReport& report) {
  const auto count = [&](Severity severity) {
    return static_cast<int>(std::ranges::count(report.findings, severity, &Finding::severity));
  };
  return {.errors = count(Severity::error),
          .warnings = count(Severity::warning),
          .notes = count(Severity::note)};
}

std::string findings_in_words(const ReviewReport& report) {
  if (report.findings.empty()) return "no findings";
  const SeverityCounts counts = count_severities(report);
  std::string parts;
  const auto add = [&](int n, std::string_view noun) {
    if (n > 0) parts += fmt::format("{}{}", parts.empty() ? "" : ", ", counted(n, noun));
  };
  add(counts.errors, "error");
  add(counts.warnings, "warning");
  add(counts.notes, "note");
  return fmt::format("{} ({})", counted(static_cast<int>(report.findings.size()), "finding"),
                     parts);
}

std::string rejected_in_words(const RejectedFindings& rejected) {
  std::string words;
  const auto add = [&](int n, std::string_view what) {
    if (n > 0) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", n, what);
  };
  add(rejected.no_anchor, "without an anchor");
  add(rejected.not_added, "not on added lines");
  add(rejected.malformed, "malformed");
  add(rejected.duplicate, "repeated");
  add(rejected.low_confidence, "of low confidence");
  add(rejected.over_limit, "over the limit");
  add(rejected.suppressed, "suppressed");
  add(rejected.suggestions, rejected.suggestions == 1 ? "suggested change that failed a check"
                                                      : "suggested changes that failed a check");
  return words;
}

std::string place_in_words(std::string_view path, LineRange lines) {
  std::string place = visible_text(path);
  if (lines.begin > 0) place += fmt::format(":{}", lines.begin);
  if (lines.end > lines.begin) place += fmt::format("-{}", lines.end);
  return place;
}

const ReviewedFile* find_file(const ReviewReport& report, std::string_view path) {
  const auto found = std::ranges::find_if(
      report.files, [&](const ReviewedFile& file) { return file.diff.new_path == path; });
  return found == report.files.end() ? nullptr : &*found;
}

bool is_in_one_hunk(const ReviewReport& report, std::string_view path, LineRange lines) {
  const ReviewedFile* file = find_file(report, path);
  return file && std::ranges::any_of(file->diff.hunks, [&](const Hunk& hunk) {
           return lines.begin >= hunk.new_begin && lines.begin <= lines.end &&
                  lines.end < hunk.new_begin + hunk.new_count;
         });
}

std::optional<int> last_added_line(const ReviewReport& report, std::string_view path,
                                   LineRange lines) {
  const ReviewedFile* file = find_file(report, path);
  if (!file) return std::nullopt;
  std::optional<int> last;
  for (const Hunk& hunk : file->diff.hunks)
    for (const DiffLine& line : hunk.lines)
      if (line.kind == DiffLine::Kind::added && line.new_line >= lines.begin &&
          line.new_line <= lines.end)
        last = std::max(last.value_or(0), line.new_line);
  return last;
}

bool is_text(std::string_view bytes) { return valid_prefix(bytes) == bytes.size(); }

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string replacement_with_lf(const Suggestion& suggestion) {
  std::string text;
  for (const std::string_view line : split_lines(suggestion.replacement)) text.append(line) += '\n';
  return text;
}

std::string verified_in_words(const Suggestion& suggestion) {
  return fmt::format("applies{}{}", suggestion.parses ? ", parses" : "",
                     suggestion.checked ? ", passes the check" : "");
}

bool is_committable(const Finding& finding) {
  return finding.suggestion && !is_protected(finding.path) &&
         finding.suggestion->replacement.size() <= kMaxSuggestionBytes &&
         is_plain_text(finding.suggestion->replacement);
}

}  // namespace fathom::completion
