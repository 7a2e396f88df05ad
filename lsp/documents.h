// The documents a client has open. Main thread only.

#pragma once

#include <string>
#include <unordered_map>

#include "lsp/document.h"

namespace fathom::lsp {

class Documents final {
 public:
  /// A document that is open already is replaced.
  Document& open(Document document);
  void close(const std::string& uri) { documents_.erase(uri); }
  /// Null if it is not open.
  Document* find(const std::string& uri);
  size_t size() const { return documents_.size(); }

 private:
  std::unordered_map<std::string, Document> documents_;
};

}  // namespace fathom::lsp
