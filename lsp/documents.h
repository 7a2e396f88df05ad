// The documents a client has open. Main thread only.
//
// What they cost is counted, so that whoever holds them can see when it is too much.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lsp/document.h"

namespace fathom::lsp {

class Documents final {
 public:
  /// `max_bytes`: of their texts, with something for each of them.
  explicit Documents(size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A document that is open already is replaced.
  Document& open(Document document);
  void close(const std::string& uri);
  /// Null if it is not open.
  Document* find(const std::string& uri);
  /// The one with that path, however its URI is spelled; null if it is not open. O(documents).
  const Document* find_file(std::string_view path) const;
  /// Edits one of them.
  TextEdit apply(Document& document, const ContentChange& change);
  size_t size() const { return documents_.size(); }
  size_t max_bytes() const { return max_bytes_; }
  /// They take more than they may. Nothing comes of it here.
  bool are_too_large() const { return n_bytes_ > max_bytes_; }

 private:
  const size_t max_bytes_;
  size_t n_bytes_ = 0;
  std::unordered_map<std::string, Document> documents_;
};

}  // namespace fathom::lsp
