// What a review needs of a git repository: what has changed, and the files.
//
// Nothing that a repository configures is run: no hooks, no filters, no textconv, no fsmonitor.
//
// Threads: one at a time.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "completion/review/repository_files.h"
#include "completion/review/review_input.h"
#include "engine/base/result.h"

namespace fathom::completion {

/// Which two states of a repository are compared.
struct ChangeRequest {
  enum class Kind {
    working_tree,  // HEAD and the files as they are; as `git diff HEAD`: others are only named
    staged,        // HEAD and the index
    range,         // `revision`: "A..B", "A...B" (from their merge base to B), or one commit, which
                   // is compared with its first parent
    base,          // the merge base of `revision` and HEAD, and HEAD
  };
  Kind kind = Kind::working_tree;
  std::string revision;
};

class GitRepository final {
 public:
  /// A longer text is not reviewed.
  static constexpr size_t kMaxFileBytes = size_t{4} << 20;

  /// The repository that holds `folder`. Errors: not_found, io (also a folder of somebody else,
  /// which git does not trust either).
  static Result<GitRepository> find(const std::filesystem::path& folder);
  GitRepository(GitRepository&&) noexcept;
  GitRepository& operator=(GitRepository&&) noexcept;
  ~GitRepository();

  /// Where the files are; "" if the repository is bare.
  std::filesystem::path working_tree() const;

  /// The branch that others are compared with: the remote's default one, else main or master.
  /// Errors: not_found.
  Result<std::string> default_branch() const;

  /// Errors: invalid_argument (no such revision; no working tree), not_found (no common ancestor or
  /// parent: the clone is shallow), io.
  Result<ReviewInput> changes(const ChangeRequest& request) const;
  /// The texts of the working tree's files for a diff from elsewhere, where they fit it, and
  /// without what is left out by rule.
  ReviewInput complete(std::vector<FileDiff> diffs) const;
  /// The tracked files of the newer state. Errors: those of changes().
  Result<RepositoryFiles> files(const ChangeRequest& request) const;

  /// Writes the files of the newer state below `folder`, which is empty: those of a working tree as
  /// they are there, with what is neither tracked nor ignored; else as git would check them out,
  /// without its filters. Errors: io, and those of changes().
  Status export_files(const ChangeRequest& request, const std::filesystem::path& folder) const;

 private:
  class Impl;
  explicit GitRepository(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fathom::completion
