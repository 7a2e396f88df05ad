#include "completion/document.h"

namespace fathom::completion {

Document* Documents::find(const Snapshot& snapshot) {
  const Language* language = find_language(snapshot.language, snapshot.path);
  if (!language) {
    documents_.erase(snapshot.uri);
    return nullptr;
  }
  std::unique_ptr<Document>& document = documents_[snapshot.uri];
  if (!document || &document->tree.language() != language) {
    document = std::make_unique<Document>(*language);
  }
  return document.get();
}

}  // namespace fathom::completion
