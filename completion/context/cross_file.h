// What the model is shown of other files: declarations that the document imports or names, code
// that resembles what is being written, regions that the person was at lately.
//
// It stands in front of the document in the prompt, so every change of it costs the KV cache of all
// behind. The choice is therefore kept while the person types: it is made once for each enclosing
// declaration, and made again only if the document's imports change, a chosen file is saved, the
// index becomes ready, or the cursor has moved kMaxLinesAway from where it was made.
//
// Threads: one at a time (the assistant's context thread).

#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "completion/assistant.h"
#include "completion/document.h"
#include "completion/privacy/secret_finder.h"
#include "completion/workspaces.h"
#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::completion {

struct CrossFilePiece {
  std::string kind;  // "import_decl", "symbol", "open", "similar", "recent"
  SnapshotPtr file;  // its path and language; without text
  uint32_t begin = 0;
  uint32_t end = 0;
  std::vector<engine::TokenId> tokens;
  int masked_secrets = 0;
  int rank = 0;  // 0 is the most wanted
};

class CrossFile final {
 public:
  static constexpr int kMaxLinesAway = 60;

  /// `workspaces` may be null.
  CrossFile(std::shared_ptr<const Workspaces> workspaces, const SecretFinder& secrets);
  ~CrossFile();

  /// Pieces in the order of the prompt, together with their path lines of at most about
  /// `max_tokens`. `request.snapshot` has its secrets masked; its open and recent documents need
  /// not. Valid until the next call.
  const std::vector<CrossFilePiece>& pieces_for(const CompletionRequest& request,
                                                Document& document,
                                                const engine::Tokenizer& tokenizer, int max_tokens);
  void forget(const DocumentId& document);
  void forget_client(uint64_t client);

 private:
  class Chooser;
  struct Choice;
  struct Parsed;

  static bool is_valid(const Choice& choice, const Workspace* workspace);
  SourceFilePtr parsed(const SnapshotPtr& snapshot);

  const std::shared_ptr<const Workspaces> workspaces_;
  const SecretFinder& secrets_;
  std::map<DocumentId, std::list<Choice>> choices_;  // the latest first
  std::list<Parsed> parsed_;                         // open documents, the latest first
};

}  // namespace fathom::completion
