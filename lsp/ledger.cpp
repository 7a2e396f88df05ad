#include "lsp/ledger.h"

#include <algorithm>
#include <utility>

namespace fathom::lsp {
namespace {

int64_t line_of(std::string_view text, size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return std::count(text.begin(), end, '\n');
}

}  // namespace

void Ledger::record(const completion::Snapshot& document,
                    const completion::Completion& completion) {
  if (completion.stop.empty()) return;
  LedgerEntry entry{.version = document.version, .completion = completion, .lines = {}};
  entry.completion.text.clear();
  for (const completion::ContextPiece& piece : completion.context) {
    LedgerEntry::Lines lines;
    if (piece.path == document.path && piece.begin < piece.end) {
      lines = {.first = line_of(document.text, piece.begin),
               .last = line_of(document.text, piece.end - 1)};
    }
    entry.lines.push_back(lines);
  }
  entries_.insert_or_assign(document.uri, std::move(entry));
}

const LedgerEntry* Ledger::find(const std::string& uri) const {
  const auto found = entries_.find(uri);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace fathom::lsp
