#include "completion/review/rule_findings.h"

#include <fmt/format.h>

namespace fathom::completion {
namespace {

/// Characters that cannot be seen and change how a line looks, or nothing. What is not UTF-8, and
/// control characters, hide nothing.
bool has_hidden_text(std::string_view line) {
  for (size_t at = line.find('\xe2'); at != std::string_view::npos;
       at = line.find('\xe2', at + 1)) {
    const auto second = static_cast<unsigned char>(at + 1 < line.size() ? line[at + 1] : 0);
    const auto third = static_cast<unsigned char>(at + 2 < line.size() ? line[at + 2] : 0);
    const bool is_override = second == 0x80 && third >= 0xAA && third <= 0xAE;  // U+202A to 202E
    const bool is_isolate = second == 0x81 && third >= 0xA6 && third <= 0xA9;   // U+2066 to 2069
    if (is_override || is_isolate) return true;
  }
  return line.find("\xf3\xa0\x80") != std::string_view::npos ||
         line.find("\xf3\xa0\x81") != std::string_view::npos;  // tags, U+E0000 to E007F
}

}  // namespace

std::string quote_of(const ChangedFile& file, LineRange lines) {
  std::string quote;
  for (const ChangedFile::Line& line : file.lines(lines)) {
    if (!quote.empty()) quote += '\n';
    quote += line.shown;
  }
  return quote;
}

std::vector<Finding> rule_findings(const ChangedFile& file) {
  std::vector<Finding> findings;
  for (const ChangedFile::AddedSecret& secret : file.added_secrets()) {
    findings.push_back(
        {.path = file.path(),
         .lines = secret.lines,
         .severity = Severity::error,
         .category = "secret",
         .confidence = 1,
         .message = fmt::format("This looks like a credential ({}). Whoever reads the repository "
                                "can use it, also after it has been removed again: revoke it, and "
                                "read it from the environment or a secret store.",
                                secret.rule),
         .quote = quote_of(file, secret.lines)});
  }
  for (const ChangedFile::Line& line : file.lines()) {
    if (!line.is_added || !has_hidden_text(line.text)) continue;
    findings.push_back({.path = file.path(),
                        .lines = {line.number, line.number},
                        .severity = Severity::error,
                        .category = "hidden-text",
                        .confidence = 1,
                        .message =
                            "The line holds characters that cannot be seen and change how it "
                            "is shown: the compiler reads other code than a person does.",
                        .quote = quote_of(file, {line.number, line.number})});
  }
  return findings;
}

}  // namespace fathom::completion
