// The findings of a client's last review: its diagnostics, which follow the text, and its fixes.
//
// A finding stays as long as its lines are what was reviewed: an edit above moves it, an edit in
// its lines or the one that it suggests removes it. In a document that differs from the file on
// disk it is where its lines are.
//
// Main thread only.
//
// Invariant: what the client was last told of a file is what is known of it here.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/document.h"
#include "lsp/documents.h"
#include "lsp/json.h"
#include "lsp/review_task.h"
#include "lsp/router.h"

namespace fathom::lsp {

class ReviewFindings final {
 public:
  /// Both must outlive it.
  ReviewFindings(Router& router, const Documents& documents)
      : router_(router), documents_(documents) {}

  void clear();
  /// False if the file is open and does not have its lines. One that is there stays as it is, one
  /// that was dismissed stays away.
  bool add(const PlacedFinding& finding);
  /// Removes those with other fingerprints.
  void keep(const std::set<std::string>& fingerprints);
  /// Removes one and remembers that nobody wants to see it again.
  void dismiss(std::string_view uri, const std::string& fingerprint);
  /// Fingerprints.
  const std::set<std::string>& dismissed() const { return dismissed_; }

  void opened(const Document& document);
  /// After an edit of a document that had so many lines before.
  void changed(const Document& document, const TextEdit& edit, size_t n_lines_before);

  struct Item {
    std::string uri;
    PlacedFinding finding;  // whose range is where it is now
  };
  /// Nothing if it is not there any more.
  std::optional<Item> find(const std::string& fingerprint) const;
  /// Those of a document that have a line in common with the range.
  std::vector<PlacedFinding> at(std::string_view uri, const Range& range) const;

 private:
  struct File {
    std::string uri;
    std::vector<PlacedFinding> findings;
  };
  using Files = std::map<std::string, File, std::less<>>;  // by path

  /// Keeps those of a file that `move` says yes to, and tells the client if it changed any.
  template <class Move>
  void update(Files::iterator file, Move move);
  void publish(const File& file);

  Router& router_;
  const Documents& documents_;
  Files files_;  // none without findings
  std::set<std::string> dismissed_;
};

/// As `textDocument/publishDiagnostics` has it.
Json diagnostic_of(const PlacedFinding& finding);

/// The first words of what it says.
std::string title_of(const PlacedFinding& finding);

}  // namespace fathom::lsp
