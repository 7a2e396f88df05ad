#include "completion/document.h"

namespace fathom::completion {

Document* Documents::find(const Snapshot& snapshot) {
  const Language* language = find_language(snapshot.language, snapshot.path);
  if (!language) {
    documents_.erase(snapshot.id());
    return nullptr;
  }
  std::unique_ptr<Document>& document = documents_[snapshot.id()];
  if (!document || &document->tree.language() != language) {
    document = std::make_unique<Document>(*language);
  }
  return document.get();
}

void Documents::forget_client(uint64_t client) {
  std::erase_if(documents_, [client](const auto& entry) { return entry.first.client == client; });
}

}  // namespace fathom::completion
