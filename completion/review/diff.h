// Unified diffs as data: files, hunks and lines with their numbers on both sides.

#pragma once

#include <string>
#include <vector>

namespace fathom::completion {

struct DiffLine {
  enum class Kind { context, added, removed };

  Kind kind = Kind::context;
  int old_line = 0;  // 1-based; 0 if it is not on that side
  int new_line = 0;
  std::string text;         // without its LF or CRLF; bytes as they are, perhaps not UTF-8
  bool has_newline = true;  // false: "\ No newline at end of file" followed
};

struct Hunk {
  int old_begin = 0;  // 1-based, as the header says
  int old_count = 0;
  int new_begin = 0;
  int new_count = 0;
  std::string section;  // what stands behind the second @@
  std::vector<DiffLine> lines;
};

struct FileDiff {
  enum class Status { modified, added, deleted, renamed, copied, mode_changed };

  Status status = Status::modified;
  std::string old_path;  // relative to the repository's root, '/' between folders; "" if added
  std::string new_path;  // "" if deleted
  bool is_binary = false;
  std::vector<Hunk> hunks;
};

}  // namespace fathom::completion
