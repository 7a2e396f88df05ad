// What is known of a workspace's files: which declare a name, which lie where, which chunks of code
// resemble a text (BM25 over the terms of chunks).
//
// The answers depend on the files alone, not on the order in which they came.
//
// Threads: as any container; Workspace guards it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "completion/workspace/file_names.h"
#include "completion/workspace/source_file.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {

class WorkspaceIndex final {
 public:
  struct Symbol {
    SourceFilePtr file;
    const Declaration* declaration = nullptr;  // of the file
  };
  struct Match {
    SourceFilePtr file;
    size_t chunk = 0;
    float score = 0;
  };
  struct Size {
    size_t files = 0;
    size_t declarations = 0;
    size_t chunks = 0;
    size_t text_bytes = 0;
  };

  /// Takes the place of the file with the same path.
  void add(SourceFilePtr file);
  void remove(const std::string& path);

  /// Null if it is not there.
  SourceFilePtr find(std::string_view path) const;
  const FileNames& names() const { return names_; }
  std::vector<std::string> paths() const;
  Size size() const { return size_; }

  /// Whatever is called `name`, up to `max`, by path and place. Beyond, a name says nothing: then
  /// only those that `prefers` likes, up to `max`.
  std::vector<Symbol> symbols(std::string_view name, size_t max,
                              const std::function<bool(const SourceFile&)>& prefers) const;
  /// Files that say they belong to a package; sorted.
  std::vector<std::string> files_of_package(std::string_view package) const;

  /// The chunks most like `query`, best first, of files that `wants` likes.
  std::vector<Match> search(std::span<const TermCount> query, size_t max,
                            const std::function<bool(const SourceFile&)>& wants) const;

 private:
  struct Slot {
    SourceFilePtr file;
    uint32_t first_chunk = 0;
  };
  struct SymbolRef {
    uint32_t slot = 0;
    uint32_t declaration = 0;
  };
  struct Chunk {
    uint32_t slot = 0;
    uint32_t n_terms = 0;
  };
  struct Posting {
    uint32_t chunk = 0;
    uint32_t count = 0;
  };
  struct Scored {
    uint32_t chunk = 0;
    float score = 0;
  };

  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  void add_symbols(uint32_t slot);
  void add_chunks(uint32_t slot);
  /// BM25 of all chunks that share a term with `query`, in no order.
  std::vector<Scored> scores(std::span<const TermCount> query) const;

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::map<std::string, uint32_t, std::less<>> slot_of_;  // by path
  FileNames names_;
  std::map<std::string, std::set<std::string>, std::less<>> packages_;
  std::unordered_map<std::string, std::vector<SymbolRef>, NameHash, std::equal_to<>> symbols_;
  // Numbers of chunks only grow, so that every list of postings is ascending; those of files that
  // are gone have no postings.
  std::vector<Chunk> chunks_;
  std::unordered_map<Term, std::vector<Posting>> postings_;
  uint64_t n_terms_ = 0;
  Size size_;
};

}  // namespace fathom::completion
