// A report for people at a terminal: compilers' "path:line: severity: message", the source with a
// caret line below it, and the suggestion as a diff.

#include <algorithm>

#include <fmt/format.h>

#include "completion/lines.h"
#include "completion/review/report_format.h"
#include "completion/review/report_parts.h"
#include "completion/review/visible.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

constexpr int kContextLines = 1;
constexpr int kMaxExcerptLines = 12;
constexpr size_t kMaxLineBytes = 240;

class TextReport final {
 public:
  TextReport(const ReviewReport& report, bool colour) : report_(report), colour_(colour) {}

  std::string write() {
    for (const Finding& finding : report_.findings) add(finding);
    add_unreviewed();
    add_summary();
    return std::move(out_);
  }

 private:
  struct Colours {
    static constexpr std::string_view bold = "1", red = "1;31", yellow = "1;33", cyan = "1;36",
                                      green = "32", removed = "31", dim = "2";
  };

  std::string painted(std::string_view colour, std::string_view text) const {
    if (!colour_) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
  }

  static std::string_view colour_of(Severity severity) {
    if (severity == Severity::error) return Colours::red;
    return severity == Severity::warning ? Colours::yellow : Colours::cyan;
  }

  void add(const Finding& finding) {
    out_ += fmt::format("{}: {}: {} [{}, {:.0f} %]\n",
                        painted(Colours::bold, place_in_words(finding.path, finding.lines)),
                        painted(colour_of(finding.severity), severity_name(finding.severity)),
                        visible_text(finding.message), visible_text(finding.category),
                        100 * finding.confidence);
    add_excerpt(finding);
    if (finding.suggestion) add_suggestion(finding);
    out_ += '\n';
  }

  void add_excerpt(const Finding& finding) {
    const ReviewedFile* file = find_file(report_, finding.path);
    if (file && file->shown) {
      const std::vector<std::string_view> lines = split_lines(*file->shown);
      const int last = static_cast<int>(lines.size());
      const int begin = std::max(1, finding.lines.begin - kContextLines);
      const int end = std::min(last, finding.lines.end + kContextLines);
      for (int n = begin; n <= std::min(end, begin + kMaxExcerptLines - 1); ++n)
        add_line(finding, n, lines[static_cast<size_t>(n) - 1]);
      return;
    }
    int n = finding.lines.begin;  // all there is of the file
    for (const std::string_view line : split_lines(finding.quote))
      if (n <= finding.lines.end && n < finding.lines.begin + kMaxExcerptLines)
        add_line(finding, n++, line);
  }

  void add_line(const Finding& finding, int number, std::string_view line) {
    const std::string shown = cut(line);
    out_ += fmt::format("{} {}\n", painted(Colours::dim, fmt::format("{:6} |", number)), shown);
    if (number < finding.lines.begin || number > finding.lines.end || is_blank(shown)) return;
    const size_t text_begin = shown.find_first_not_of(" \t");
    out_ += fmt::format("{} {}{}\n", painted(Colours::dim, "       |"),
                        shown.substr(0, text_begin),  // with its tabs, so that columns meet
                        painted(Colours::green, carets(shown.substr(text_begin))));
  }

  static std::string carets(std::string_view text) {
    const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    const auto width = std::ranges::count_if(trim_right(text), is_lead);
    std::string line(static_cast<size_t>(std::max<ptrdiff_t>(width, 1)), '~');
    line.front() = '^';
    return line;
  }

  static std::string cut(std::string_view line) {
    std::string shown = visible_text(line);
    if (shown.size() <= kMaxLineBytes) return shown;
    shown.resize(whole_characters(std::string_view(shown).substr(0, kMaxLineBytes)));
    return shown + " ...";
  }

  void add_suggestion(const Finding& finding) {
    const Suggestion& suggestion = *finding.suggestion;
    out_ += fmt::format("  suggestion ({}):\n", verified_in_words(suggestion));
    if (const ReviewedFile* file = find_file(report_, finding.path); file && file->shown) {
      const std::vector<std::string_view> lines = split_lines(*file->shown);
      for (int n = suggestion.lines.begin;
           n <= std::min(suggestion.lines.end, static_cast<int>(lines.size())); ++n)
        add_change(Colours::removed, '-', lines[static_cast<size_t>(n) - 1]);
    }
    for (const std::string_view line : split_lines(suggestion.replacement))
      add_change(Colours::green, '+', line);
    if (suggestion.replacement.empty())
      out_ += fmt::format("       (deletes {})\n", place_in_words("line", suggestion.lines));
  }

  void add_change(std::string_view colour, char sign, std::string_view line) {
    out_ += fmt::format("       {}\n", painted(colour, fmt::format("{} {}", sign, cut(line))));
  }

  void add_unreviewed() {
    for (const Unreviewed& part : report_.unreviewed)
      out_ +=
          fmt::format("{}: {}: {}\n", place_in_words(part.path, part.lines),
                      part.is_expected ? "not reviewed" : painted(Colours::yellow, "not reviewed"),
                      visible_text(part.reason));
  }

  void add_summary() {
    if (report_.files.empty() && report_.is_complete()) {
      out_ += "nothing to review\n";
      return;
    }
    out_ += fmt::format(
        "{} in {} of {} ({})\n", findings_in_words(report_), counted(report_.n_hunks, "hunk"),
        counted(static_cast<int>(report_.files.size()), "file"), visible_text(report_.model));
    if (const std::string rejected = rejected_in_words(report_.rejected); !rejected.empty())
      out_ += fmt::format("not shown: {}\n", rejected);
    if (!report_.is_complete()) out_ += "the review is incomplete\n";
  }

  const ReviewReport& report_;
  const bool colour_;
  std::string out_;
};

}  // namespace

std::string format_text(const ReviewReport& report, const ReportStyle& style) {
  return TextReport(report, style.colour).write();
}

}  // namespace fathom::completion
