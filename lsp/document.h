// One open document: its text as the client has it, edited by the client's changes.
//
// Main thread only. What other threads see is a snapshot, which never changes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "completion/snapshot.h"
#include "lsp/line_index.h"
#include "lsp/position.h"

namespace fathom::lsp {

struct DocumentInfo {
  std::string uri;       // as the client wrote it: its identity
  std::string path;      // for the model, relative to the workspace
  std::string language;  // LSP language id
  uint64_t client = 0;   // whose it is
};

/// How a client says that a document has changed.
struct ContentChange {
  std::optional<Range> range;  // nothing: the whole document
  std::string text;
};

/// What an edit of a document was, in bytes.
struct TextEdit {
  size_t begin = 0;
  size_t n_removed = 0;
  size_t n_inserted = 0;
};

class Document final {
 public:
  Document(DocumentInfo info, int64_t version, std::string text, PositionEncoding encoding);

  const std::string& uri() const { return info_.uri; }
  const std::string& path() const { return info_.path; }
  const std::string& language() const { return info_.language; }
  int64_t version() const { return version_; }
  std::string_view text() const { return text_; }
  size_t n_lines() const { return lines_.n_lines(); }

  /// Byte offset of a position. A character behind the end of its line is the end of that line,
  /// as the protocol wants; nothing if there is no such line.
  std::optional<size_t> offset_of(Position position) const;
  Position position_of(size_t offset) const;
  /// End of the line that holds `offset`, without its line ending.
  size_t end_of_line(size_t offset) const;

  /// Replaces a range. Ends outside the text are moved to its end and ends in the wrong order are
  /// swapped, as vscode-languageserver-textdocument does: clients rely on it.
  TextEdit replace(const Range& range, std::string_view text);
  /// Gives the edit that leaves out what is the same at both ends.
  TextEdit replace_all(std::string text);
  /// One of the two.
  TextEdit apply(const ContentChange& change);
  void set_version(int64_t version);

  /// The document now. Cheap while it does not change: copies share one text.
  completion::SnapshotPtr snapshot() const;

 private:
  size_t clamped_offset_of(Position position) const;

  DocumentInfo info_;
  int64_t version_;
  std::string text_;
  LineIndex lines_;
  PositionEncoding encoding_;
  mutable completion::SnapshotPtr snapshot_;  // of this state; null until somebody asks
};

}  // namespace fathom::lsp
