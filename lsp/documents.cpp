#include "lsp/documents.h"

#include <utility>

namespace fathom::lsp {

Document& Documents::open(Document document) {
  std::string uri = document.uri();
  return documents_.insert_or_assign(std::move(uri), std::move(document)).first->second;
}

Document* Documents::find(const std::string& uri) {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second;
}

}  // namespace fathom::lsp
