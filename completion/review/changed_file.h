// A file of a diff with what a review has to know of its new side: lines, language, what encloses
// a line, and the same text without secrets.
//
// Where the whole text is not at hand, the lines of the diff are all that is known.
//
// Threads: any, once made.

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "completion/privacy/secret_finder.h"
#include "completion/review/finding.h"
#include "completion/syntax/declarations.h"
#include "completion/syntax/language.h"

namespace fathom::completion {

class ChangedFile final {
 public:
  ChangedFile(ReviewedFile file, const SecretFinder& secrets);

  const FileDiff& diff() const { return file_.diff; }
  const std::string& path() const { return file_.diff.new_path; }
  bool has_text() const { return file_.text != nullptr; }
  const std::string& text() const { return *file_.text; }
  const Language* language() const { return language_; }  // null: not one that fathom parses
  const ReviewedFile& file() const { return file_; }

  struct Line {
    int number = 0;    // on the new side, from 1
    std::string text;  // without its end
    /// The same with its secrets masked, as valid UTF-8: what a model may see.
    std::string shown;
    bool is_added = false;
  };
  /// All that are known, by number.
  const std::vector<Line>& lines() const { return lines_; }
  /// Those of a range that are known.
  std::span<const Line> lines(LineRange range) const;
  /// Bytes of text() that the lines take, with their ends. Only with a text, of lines in it.
  std::pair<size_t, size_t> bytes_of(LineRange range) const;

  struct AddedSecret {
    std::string_view rule;
    LineRange lines;
  };
  /// Those that have a part on an added line; by line.
  const std::vector<AddedSecret>& added_secrets() const { return added_secrets_; }

  struct Scope {
    std::string name;  // "Stack::push"
    LineRange lines;
  };
  /// The innermost type or function around a line; without a name and all lines if there is none.
  Scope enclosing(int line) const;

 private:
  void take_text();
  void take_diff();
  void find_secrets(const SecretFinder& secrets);
  void find_scopes();

  ReviewedFile file_;
  const Language* language_;
  std::vector<Line> lines_;
  std::vector<size_t> begins_;  // of each line in text(), and its end
  std::vector<AddedSecret> added_secrets_;
  std::vector<Scope> scopes_;  // outer ones before those in them
};

}  // namespace fathom::completion
