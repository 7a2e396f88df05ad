#include "lsp/review_findings.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/find_lines.h"
#include "lsp/first_words.h"
#include "lsp/protocol.h"
#include "lsp/uri.h"

namespace fathom::lsp {
namespace {

using completion::Severity;

void move_to(PlacedFinding& finding, uint32_t line) {
  finding.range.end.line += line - finding.range.start.line;
  finding.range.start.line = line;
}

/// What it suggests only adds lines below its own, and they are there.
bool is_applied(const PlacedFinding& finding, const Document& document) {
  if (!finding.about.suggestion) return false;
  std::string_view wanted = finding.about.suggestion->replacement;
  if (wanted.ends_with('\n')) wanted.remove_suffix(1);
  return wanted.size() > finding.text.size() &&
         has_lines(document, wanted, finding.range.start.line);
}

/// DiagnosticSeverity of LSP.
int severity_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return 1;
    case Severity::warning:
      return 2;
    case Severity::note:
      return 3;
  }
  return 3;
}

}  // namespace

template <class Move>
void ReviewFindings::update(Files::iterator file, Move move) {
  bool has_changed = false;
  std::erase_if(file->second.findings, [&](PlacedFinding& finding) {
    const Range before = finding.range;
    const bool stays = move(finding);
    has_changed = has_changed || !stays || finding.range != before;
    return !stays;
  });
  if (has_changed) publish(file->second);
  if (file->second.findings.empty()) files_.erase(file);
}

void ReviewFindings::clear() {
  for (auto& [path, file] : std::exchange(files_, {})) {
    file.findings.clear();
    publish(file);
  }
}

bool ReviewFindings::add(const PlacedFinding& finding) {
  if (dismissed_.contains(finding.about.fingerprint)) return true;
  PlacedFinding added = finding;
  const Document* document = documents_.find_file(finding.path);
  if (document) {
    const auto line = find_lines(*document, added.text, added.range.start.line);
    if (!line) return false;
    move_to(added, *line);
  }
  File& file = files_[finding.path];
  const auto known = std::ranges::find(
      file.findings, finding.about.fingerprint,
      [](const PlacedFinding& f) -> const std::string& { return f.about.fingerprint; });
  if (known != file.findings.end()) return true;
  if (file.uri.empty()) file.uri = document ? document->uri() : uri_of_path(finding.path);
  file.findings.push_back(std::move(added));
  std::ranges::sort(file.findings, {}, [](const PlacedFinding& f) { return f.range.start; });
  publish(file);
  return true;
}

void ReviewFindings::keep(const std::set<std::string>& fingerprints) {
  for (auto next = files_.begin(); next != files_.end();) {
    update(next++, [&](const PlacedFinding& finding) {
      return fingerprints.contains(finding.about.fingerprint);
    });
  }
}

void ReviewFindings::dismiss(std::string_view uri, const std::string& fingerprint) {
  dismissed_.insert(fingerprint);
  const auto file = files_.find(path_of_uri(uri));
  if (file == files_.end()) return;
  update(file, [&](const PlacedFinding& f) { return f.about.fingerprint != fingerprint; });
}

void ReviewFindings::opened(const Document& document) {
  const auto file = files_.find(path_of_uri(document.uri()));
  if (file == files_.end()) return;
  if (file->second.uri != document.uri()) {  // its client's spelling is another than ours
    std::vector<PlacedFinding> findings = std::exchange(file->second.findings, {});
    publish(file->second);
    file->second = {.uri = document.uri(), .findings = std::move(findings)};
    publish(file->second);
  }
  update(file, [&](PlacedFinding& finding) {
    const auto line = find_lines(document, finding.text, finding.range.start.line);
    if (line) move_to(finding, *line);
    return line.has_value();
  });
}

void ReviewFindings::changed(const Document& document, const TextEdit& edit,
                             size_t n_lines_before) {
  if (files_.empty()) return;
  const auto file = files_.find(path_of_uri(document.uri()));
  if (file == files_.end()) return;
  const int64_t n_added = int64_t(document.n_lines()) - int64_t(n_lines_before);
  const int64_t first = document.position_of(edit.begin).line;
  const int64_t last = document.position_of(edit.begin + edit.n_inserted).line - n_added;
  update(file, [&](PlacedFinding& finding) {
    // Lines of the text before: those that the edit touched were [first, last].
    const int64_t begin = finding.range.start.line;
    const int64_t end = finding.range.end.line;
    const auto stays_at = [&](int64_t line) {
      if (line < 0 || !has_lines(document, finding.text, uint32_t(line))) return false;
      move_to(finding, uint32_t(line));
      return !is_applied(finding, document);
    };
    if (first > end) return stays_at(begin);
    // One that touches it may still end where it begins, or begin where it ends.
    return stays_at(begin + n_added) || (last >= begin && stays_at(begin));
  });
}

std::optional<ReviewFindings::Item> ReviewFindings::find(const std::string& fingerprint) const {
  for (const auto& [path, file] : files_)
    for (const PlacedFinding& finding : file.findings)
      if (finding.about.fingerprint == fingerprint)
        return Item{.uri = file.uri, .finding = finding};
  return std::nullopt;
}

std::vector<PlacedFinding> ReviewFindings::at(std::string_view uri, const Range& range) const {
  std::vector<PlacedFinding> found;
  const auto file = files_.find(path_of_uri(uri));
  if (file == files_.end()) return found;
  std::ranges::copy_if(file->second.findings, std::back_inserter(found), [&](const auto& finding) {
    return finding.range.start.line <= range.end.line && range.start.line <= finding.range.end.line;
  });
  return found;
}

void ReviewFindings::publish(const File& file) {
  Json diagnostics = Json::array();
  for (const PlacedFinding& finding : file.findings) diagnostics.push_back(diagnostic_of(finding));
  router_.notify("textDocument/publishDiagnostics",
                 {{"uri", file.uri}, {"diagnostics", std::move(diagnostics)}});
}

Json diagnostic_of(const PlacedFinding& finding) {
  return {
      {"range", to_json(finding.range)},  {"severity", severity_of(finding.about.severity)},
      {"code", finding.about.category},   {"source", "fathom"},
      {"message", finding.about.message}, {"data", {{"fingerprint", finding.about.fingerprint}}}};
}

std::string title_of(const PlacedFinding& finding) { return first_words(finding.about.message); }

}  // namespace fathom::lsp
