// Declarations of other files that a completion may need, each with a score.
//
// Where they come from: names near the cursor, looked up in the files at hand; what the document
// imports; types that the declarations found mention. A name that several files declare is taken
// from a file that the document imports, else from its own package or folder, else from anywhere
// if that is only a few.
//
// Deterministic: the same files and the same document give the same candidates.

#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "completion/snapshot.h"
#include "completion/syntax/language.h"
#include "completion/workspace/workspace_index.h"

namespace fathom::completion {

/// Where files are looked up: the client's open documents over the saved files. A path that the
/// first knows is not looked up in the second. Both may be null.
struct FilesAtHand {
  const WorkspaceIndex* open = nullptr;
  const WorkspaceIndex* saved = nullptr;

  SourceFilePtr find(std::string_view path) const;
  bool is_open(std::string_view path) const;
};

/// The document at hand, and what is near its cursor.
struct CandidateQuery {
  std::string path;
  const Language* language = nullptr;
  std::vector<Import> imports;
  std::string package;
  std::set<std::string, std::less<>> own_names;      // what the document declares itself
  std::map<std::string, float, std::less<>> nearby;  // near_names()
};

struct Candidate {
  SourceFilePtr file;
  uint32_t begin = 0;  // byte range that the text stands for
  uint32_t end = 0;
  std::string text;  // whole lines, LF
  float score = 0;
  bool imported = false;  // the document imports the file
};

/// A candidate that is named near the cursor, or mentioned by one, has at least this score; others
/// of the imported files have less.
inline constexpr float kNamedScore = 1.0f;

/// Best first; ties by path and place. No two of them overlap.
std::vector<Candidate> declaration_candidates(const CandidateQuery& query,
                                              const FilesAtHand& files);

}  // namespace fathom::completion
