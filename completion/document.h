// What is kept of an open document between two requests: its trees.
//
// Threads: one at a time (the assistant's context thread).

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "completion/snapshot.h"
#include "completion/syntax/outline.h"
#include "completion/syntax/syntax_tree.h"

namespace fathom::completion {

class Document final {
 public:
  explicit Document(const Language& language)
      : tree(language), outliner(language), scopes(language) {}

  SyntaxTree tree;    // of the whole text
  Outliner outliner;  // of what lies above the prompt's window
  Outliner scopes;    // of what lies above the cursor's line
};

/// The documents of all clients.
class Documents final {
 public:
  /// The document of a snapshot, new if it is or if its language has changed; nullptr if the
  /// language is not supported. Valid until the next call.
  Document* find(const Snapshot& snapshot);
  void forget(const DocumentId& id) { documents_.erase(id); }
  void forget_client(uint64_t client);

 private:
  std::map<DocumentId, std::unique_ptr<Document>> documents_;
};

}  // namespace fathom::completion
