// What the model says, as documents that the client can show while they grow
// (`workspace/textDocumentContent` of LSP 3.18): "fathom:/explanation/1.md".
//
// Keeps the newest ones only. The client is told that a document has grown when it has answered the
// last time it was told, and not more than a few times a second. Main thread only.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lsp/router.h"

namespace fathom::lsp {

class VirtualDocuments final {
 public:
  static constexpr const char* kScheme = "fathom";
  static constexpr size_t kMaxDocuments = 16;

  explicit VirtualDocuments(Router& router) : router_(router) {}

  /// A new document that begins with `text`; gives its uri. The oldest one goes if there are many.
  std::string add(std::string text);
  /// Ignored if the document is gone.
  void append(const std::string& uri, std::string_view text);
  /// The document is complete: the client is told in any case.
  void finish(const std::string& uri);
  /// Null if there is none.
  const std::string* find(const std::string& uri) const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Document {
    uint64_t number = 0;
    std::string text;
    bool is_being_told = false;  // the client has not answered yet
    bool has_news = false;       // since it was told last
    bool is_finished = false;
    Clock::time_point told;
  };

  void tell(const std::string& uri, Document& document);

  Router& router_;
  std::map<std::string, Document> documents_;  // by uri
  uint64_t last_number_ = 0;
};

}  // namespace fathom::lsp
