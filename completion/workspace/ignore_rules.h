// Which files a person does not want looked at: rules in the syntax of .gitignore.
//
// The syntax is that of gitignore(5); tests/completion/workspace/ignore_rules_test.cpp compares
// with git itself. Our own and not libgit2's, because folders without a repository and
// .fathomignore follow the same rules, and because opening a stranger's repository reads
// configuration that nobody looked at.
//
// Immutable after construction; any thread.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::completion {

/// The rules of one file.
class IgnoreRules final {
 public:
  enum class Verdict { unknown, ignored, wanted };
  struct Entry {
    std::string_view path;  // relative to the root, '/' between parts
    bool is_folder = false;
  };

  /// `folder`: where the file lies, relative to the root; "" for the root itself.
  IgnoreRules(std::string_view text, std::string folder);

  /// What the last matching rule says. Says nothing of what lies in ignored folders: whoever walks
  /// does not enter them.
  Verdict verdict(const Entry& entry) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool only_folders = false;
    bool anchored = false;  // matches the whole path below folder_, else the name alone
  };

  std::string folder_;  // "" or ends in '/'
  std::vector<Rule> rules_;
};

/// Whether `pattern` matches all of `text`: *, ?, [a-z], \x, and with '/' in it also **.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace fathom::completion
