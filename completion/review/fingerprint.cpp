#include "completion/review/fingerprint.h"

#include <span>
#include <string_view>

#include "completion/lines.h"
#include "engine/base/sha256.h"

namespace fathom::completion {
namespace {

/// Without blanks: what a formatter changes is no other finding.
std::string without_blanks(std::string_view line) {
  std::string text;
  for (const char c : line)
    if (c != ' ' && c != '\t') text += c;
  return text;
}

}  // namespace

std::string fingerprint_of(const Finding& finding, const ChangedFile& file) {
  std::string quoted;
  for (const ChangedFile::Line& line : file.lines(finding.lines))
    quoted += without_blanks(line.text) + '\n';
  const std::string first = quoted.substr(0, quoted.find('\n'));
  const ChangedFile::Scope scope = file.enclosing(finding.lines.begin);
  int n_before = 0;
  for (const ChangedFile::Line& line : file.lines({scope.lines.begin, finding.lines.begin - 1}))
    if (without_blanks(line.text) == first) ++n_before;

  // No part can hold the byte that parts them.
  std::string all;
  for (const std::string& part :
       {finding.category, finding.path, quoted, scope.name, std::to_string(n_before)}) {
    all.append(part).append(1, '\0');
  }
  Sha256 hash;
  hash.update(std::as_bytes(std::span(all)));
  return hash.finish().substr(0, 32);
}

}  // namespace fathom::completion
