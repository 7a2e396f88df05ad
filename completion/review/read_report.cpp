#include "completion/review/read_report.h"

#include <algorithm>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "completion/review/report_parts.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = 64 << 20;
constexpr int kMaxLine = 1 << 28;

/// A value and where it stands, for messages. Getters keep the first error and go on with nothing.
class Reader final {
 public:
  Reader(const Json& json, std::string where, Status& status)
      : json_(json), where_(std::move(where)), status_(status) {}

  void refuse(std::string_view expected) const {
    if (status_)
      status_ = fail(ErrorCode::corrupt, "this is no report of fathom: {} is not {}",
                     where_.empty() ? "the document" : where_, expected);
  }

  /// An object of exactly these members, `optional` ones aside.
  void expect_members(std::initializer_list<std::string_view> required,
                      std::initializer_list<std::string_view> optional = {}) const {
    if (!json_.is_object()) return refuse("an object");
    for (const auto& [name, value] : json_.items())
      if (!std::ranges::count(required, name) && !std::ranges::count(optional, name))
        member(to_valid_utf8(name)).refuse("a known member");
    for (const std::string_view name : required)
      if (!json_.contains(name)) member(name).refuse("there");
  }

  bool has(std::string_view name) const {
    return json_.is_object() && json_.contains(name) && !json_.at(std::string(name)).is_null();
  }

  Reader member(std::string_view name) const {
    static const Json kNothing;
    const bool is_there = json_.is_object() && json_.contains(name);
    return {is_there ? json_.at(std::string(name)) : kNothing, fmt::format("{}/{}", where_, name),
            status_};
  }

  std::string text(std::string_view name) const {
    const Reader value = member(name);
    if (value.json_.is_string()) return value.json_.get<std::string>();
    value.refuse("a text");
    return {};
  }

  bool flag(std::string_view name) const {
    const Reader value = member(name);
    if (value.json_.is_boolean()) return value.json_.get<bool>();
    value.refuse("true or false");
    return false;
  }

  int64_t integer(std::string_view name, int64_t min, int64_t max) const {
    const Reader value = member(name);
    if (value.json_.is_number_integer()) {
      const auto number = value.json_.get<int64_t>();
      // An unsigned number beyond int64_t reads as a negative one.
      if (number >= min && number <= max) return number;
    }
    value.refuse(fmt::format("an integer of {} to {}", min, max));
    return min;
  }

  int count(std::string_view name) const { return static_cast<int>(integer(name, 0, kMaxLine)); }

  double share(std::string_view name) const {
    const Reader value = member(name);
    if (value.json_.is_number()) {
      const auto number = value.json_.get<double>();
      if (number >= 0 && number <= 1) return number;
    }
    value.refuse("a number of 0 to 1");
    return 0;
  }

  template <class Read>
  auto list(std::string_view name, Read read) const {
    const Reader value = member(name);
    std::vector<decltype(read(value))> items;
    if (!value.json_.is_array()) {
      value.refuse("a list");
      return items;
    }
    for (const Json& item : value.json_) {
      if (!status_) break;
      items.push_back(
          read(Reader(item, fmt::format("{}/{}", value.where_, items.size()), status_)));
    }
    return items;
  }

 private:
  const Json& json_;
  const std::string where_;
  Status& status_;
};

bool is_relative_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos)
    return false;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t end = rest.find('/');
    const std::string_view part = rest.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return path.back() != '/';
}

/// Of the member `name`; "" only where `may_be_empty`.
std::string read_path(const Reader& json, std::string_view name, bool may_be_empty = false) {
  const std::string uri = json.text(name);
  if (uri.empty() && may_be_empty) return {};
  const std::optional<std::string> path = path_from_uri(uri);
  if (path && is_relative_path(*path)) return *path;
  json.member(name).refuse("a path inside the repository");
  return {};
}

/// From "uri", which keeps every byte; "path" must say the same.
std::string read_path_twice(const Reader& json) {
  std::string path = read_path(json, "uri");
  if (json.text("path") != to_valid_utf8(path)) json.member("path").refuse("what uri says");
  return path;
}

LineRange read_lines(const Reader& json) {
  json.expect_members({"begin", "end"});
  const int begin = static_cast<int>(json.integer("begin", 1, kMaxLine));
  return {begin, static_cast<int>(json.integer("end", begin, kMaxLine))};
}

Suggestion read_suggestion(const Reader& json) {
  json.expect_members({"lines", "replacement", "parses", "checked"});
  return {.lines = read_lines(json.member("lines")),
          .replacement = json.text("replacement"),
          .parses = json.flag("parses"),
          .checked = json.flag("checked")};
}

bool consists_of(std::string_view text, std::string_view alphabet, size_t min, size_t max) {
  return text.size() >= min && text.size() <= max &&
         text.find_first_not_of(alphabet) == std::string_view::npos;
}

Finding read_finding(const Reader& json) {
  json.expect_members({"path", "uri", "lines", "severity", "category", "confidence", "message",
                       "quote", "fingerprint"},
                      {"suggestion"});
  Finding finding{.path = read_path_twice(json),
                  .lines = read_lines(json.member("lines")),
                  .category = json.text("category"),
                  .confidence = json.share("confidence"),
                  .message = json.text("message"),
                  .quote = json.text("quote"),
                  .fingerprint = json.text("fingerprint")};
  if (const auto severity = find_severity(json.text("severity")))
    finding.severity = *severity;
  else
    json.member("severity").refuse("note, warning or error");
  if (!consists_of(finding.category, "abcdefghijklmnopqrstuvwxyz0123456789-_", 1, 40))
    json.member("category").refuse("a word of a-z, 0-9, - and _");
  if (!consists_of(finding.fingerprint, "0123456789abcdef", 8, 128))
    json.member("fingerprint").refuse("8 to 128 hexadecimal digits");
  if (json.has("suggestion")) finding.suggestion = read_suggestion(json.member("suggestion"));
  return finding;
}

/// The new side of a hunk, line by line; `added` are disjoint and in order.
std::vector<DiffLine> new_side(const Hunk& hunk, const std::vector<LineRange>& added) {
  std::vector<DiffLine> lines;
  auto run = added.begin();
  for (int n = hunk.new_begin; n < hunk.new_begin + hunk.new_count; ++n) {
    while (run != added.end() && run->end < n) ++run;
    const bool is_added = run != added.end() && n >= run->begin;
    lines.push_back(
        {.kind = is_added ? DiffLine::Kind::added : DiffLine::Kind::context, .new_line = n});
  }
  return lines;
}

Hunk read_hunk(const Reader& json, int64_t& n_lines_left) {
  json.expect_members({"old_begin", "old_count", "new_begin", "new_count", "added"});
  Hunk hunk{.old_begin = json.count("old_begin"),
            .old_count = json.count("old_count"),
            .new_begin = json.count("new_begin"),
            .new_count = json.count("new_count")};
  const std::vector<LineRange> added = json.list("added", read_lines);
  n_lines_left -= hunk.new_count;
  if (n_lines_left < 0)
    json.member("new_count").refuse("within what all hunks may have together");
  else
    hunk.lines = new_side(hunk, added);
  return hunk;
}

FileDiff::Status read_status(const Reader& json) {
  if (const auto status = find_status(json.text("status"))) return *status;
  json.member("status").refuse("a known status");
  return {};
}

Unreviewed read_unreviewed(const Reader& json) {
  json.expect_members({"path", "uri", "lines", "reason", "expected"});
  Unreviewed part{.path = read_path_twice(json),
                  .reason = json.text("reason"),
                  .is_expected = json.flag("expected")};
  if (json.has("lines")) part.lines = read_lines(json.member("lines"));
  return part;
}

RejectedFindings read_rejected(const Reader& json) {
  json.expect_members({"no_anchor", "not_added", "malformed", "duplicate", "low_confidence",
                       "over_limit", "suppressed", "suggestions"});
  return {.no_anchor = json.count("no_anchor"),
          .not_added = json.count("not_added"),
          .malformed = json.count("malformed"),
          .duplicate = json.count("duplicate"),
          .low_confidence = json.count("low_confidence"),
          .over_limit = json.count("over_limit"),
          .suppressed = json.count("suppressed"),
          .suggestions = json.count("suggestions")};
}

ReviewReport read_document(const Reader& json) {
  json.expect_members({"format", "format_version", "fathom_version", "model", "complete",
                       "findings", "unreviewed", "rejected", "hunks", "prompt_tokens",
                       "output_tokens", "files"});
  if (json.text("format") != "fathom-review") json.member("format").refuse("\"fathom-review\"");
  json.integer("format_version", 1, 1);
  json.text("fathom_version");
  int64_t n_lines_left = 10'000'000;  // of all hunks: memory is bounded by it
  const auto read_file = [&](const Reader& file) {
    file.expect_members({"old_uri", "new_uri", "status", "binary", "hunks"});
    return ReviewedFile{.diff = {.status = read_status(file),
                                 .old_path = read_path(file, "old_uri", true),
                                 .new_path = read_path(file, "new_uri", true),
                                 .is_binary = file.flag("binary"),
                                 .hunks = file.list("hunks", [&](const Reader& hunk) {
                                   return read_hunk(hunk, n_lines_left);
                                 })}};
  };
  constexpr int64_t kMaxTokens = int64_t{1} << 53;
  ReviewReport report{.model = json.text("model"),
                      .findings = json.list("findings", read_finding),
                      .files = json.list("files", read_file),
                      .unreviewed = json.list("unreviewed", read_unreviewed),
                      .rejected = read_rejected(json.member("rejected")),
                      .n_hunks = json.count("hunks"),
                      .prompt_tokens = json.integer("prompt_tokens", 0, kMaxTokens),
                      .output_tokens = json.integer("output_tokens", 0, kMaxTokens)};
  if (json.flag("complete") != report.is_complete())
    json.member("complete").refuse("what unreviewed says");
  return report;
}

}  // namespace

Result<ReviewReport> read_report(std::string_view json) {
  if (json.size() > kMaxBytes)
    return fail(ErrorCode::corrupt, "a report of {} bytes is larger than any that fathom writes",
                json.size());
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) return fail(ErrorCode::corrupt, "the report is not JSON");
  Status status;
  ReviewReport report = read_document(Reader(document, "", status));
  FATHOM_CHECK(status);
  return report;
}

}  // namespace fathom::completion
