// Where a client's person was lately: lines that were edited or completed at, and the order in
// which the documents were used.
//
// Main thread only. Bounded; lines follow the edits above them.

#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <vector>

namespace fathom::lsp {

class History final {
 public:
  static constexpr size_t kMaxRegions = 8;
  static constexpr size_t kMargin = 3;     // lines around what was touched
  static constexpr size_t kMaxLines = 40;  // of a region
  static constexpr size_t kMaxFiles = 64;

  struct Region {
    std::string uri;
    size_t begin = 0;  // lines [begin, end); `end` may lie behind the end of the document
    size_t end = 0;
  };
  /// Lines [line, line + n_old) became n_new lines.
  struct Edit {
    size_t line = 0;
    size_t n_old = 1;
    size_t n_new = 1;
  };

  void opened(const std::string& uri) { use(uri); }
  void edited(const std::string& uri, const Edit& edit);
  void viewed(const std::string& uri, size_t line);
  /// All of it is new: where the lines went, nobody knows.
  void replaced(const std::string& uri);
  void closed(const std::string& uri);

  /// The latest first. No two regions of a document overlap.
  const std::list<Region>& regions() const { return regions_; }
  /// Open documents, the latest first.
  const std::list<std::string>& documents() const { return documents_; }

 private:
  void use(const std::string& uri);
  void touch(const std::string& uri, size_t begin, size_t end);

  std::list<Region> regions_;
  std::list<std::string> documents_;
};

}  // namespace fathom::lsp
