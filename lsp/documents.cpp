#include "lsp/documents.h"

#include <utility>

#include "lsp/uri.h"

namespace fathom::lsp {
namespace {

constexpr size_t kBytesEach = 1024;  // of a document without a text, so that these are not free

size_t cost_of(const Document& document) {
  return kBytesEach + document.uri().size() + document.text().size();
}

}  // namespace

Document& Documents::open(Document document) {
  close(document.uri());
  n_bytes_ += cost_of(document);
  std::string uri = document.uri();
  return documents_.emplace(std::move(uri), std::move(document)).first->second;
}

void Documents::close(const std::string& uri) {
  const auto found = documents_.find(uri);
  if (found == documents_.end()) return;
  n_bytes_ -= cost_of(found->second);
  documents_.erase(found);
}

Document* Documents::find(const std::string& uri) {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second;
}

const Document* Documents::find_file(std::string_view path) const {
  for (const auto& [uri, document] : documents_)
    if (path_of_uri(uri) == path) return &document;
  return nullptr;
}

TextEdit Documents::apply(Document& document, const ContentChange& change) {
  n_bytes_ -= cost_of(document);
  const TextEdit edit = document.apply(change);
  n_bytes_ += cost_of(document);
  return edit;
}

}  // namespace fathom::lsp
