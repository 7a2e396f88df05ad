#include "completion/review/rule_findings.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "completion/review/suggestion_gate.h"

namespace fathom::completion {
namespace {

/// Bytes of a character that cannot be seen and changes how a line looks, or 0. What is not UTF-8,
/// and control characters, hide nothing.
size_t hidden_at(std::string_view text) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(i < text.size() ? text[i] : 0);
  };
  if (byte(0) == 0xE2) {
    const bool is_override =
        byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE;  // U+202A to 202E
    const bool is_isolate =
        byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;  // U+2066 to 2069
    return is_override || is_isolate ? 3 : 0;
  }
  const bool is_tag = byte(0) == 0xF3 && byte(1) == 0xA0 && (byte(2) == 0x80 || byte(2) == 0x81) &&
                      byte(3) >= 0x80 && byte(3) <= 0xBF;  // U+E0000 to E007F
  return is_tag ? 4 : 0;
}

std::string without_hidden(std::string_view line) {
  std::string seen;
  for (size_t i = 0; i < line.size();) {
    const size_t n_hidden = hidden_at(line.substr(i));
    if (n_hidden == 0) seen += line[i];
    i += std::max<size_t>(n_hidden, 1);
  }
  return seen;
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

std::vector<Finding> rule_findings(const ChangedFile& file, const SecretFinder& secrets) {
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
    if (!line.is_added) continue;
    const std::string seen = without_hidden(line.text);
    if (seen == line.text) continue;
    const LineRange lines{line.number, line.number};
    findings.push_back({.path = file.path(),
                        .lines = lines,
                        .severity = Severity::error,
                        .category = "hidden-text",
                        .confidence = 1,
                        .message =
                            "The line holds characters that cannot be seen and change how it "
                            "is shown: the compiler reads other code than a person does.",
                        .quote = quote_of(file, lines),
                        .suggestion = passed_suggestion(file, {.lines = lines}, seen, secrets)});
  }
  return findings;
}

}  // namespace fathom::completion
