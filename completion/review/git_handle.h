// Objects of libgit2 that free themselves, and its errors. Only for sources named git_*.

#pragma once

#include <memory>
#include <string_view>

#include <git2.h>

#include "engine/base/result.h"

namespace fathom::completion {

template <class T, void (*Free)(T*)>
struct GitFree {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using GitHandle = std::unique_ptr<T, GitFree<T, Free>>;

using GitRepositoryHandle = GitHandle<git_repository, git_repository_free>;
using GitObject = GitHandle<git_object, git_object_free>;
using GitTree = GitHandle<git_tree, git_tree_free>;
using GitTreeEntry = GitHandle<git_tree_entry, git_tree_entry_free>;
using GitDiff = GitHandle<git_diff, git_diff_free>;
using GitPatch = GitHandle<git_patch, git_patch_free>;
using GitBlob = GitHandle<git_blob, git_blob_free>;
using GitIndex = GitHandle<git_index, git_index_free>;
using GitOdb = GitHandle<git_odb, git_odb_free>;
using GitCommit = GitHandle<git_commit, git_commit_free>;
using GitReference = GitHandle<git_reference, git_reference_free>;
using GitStatusList = GitHandle<git_status_list, git_status_list_free>;

/// Calls `make(T**)`; an empty handle if it fails.
template <class Handle, class Make>
Handle make_git(Make&& make) {
  typename Handle::pointer object = nullptr;
  if (make(&object) < 0) return Handle();
  return Handle(object);
}

/// Keeps libgit2 initialised while it lives.
class GitLibrary final {
 public:
  GitLibrary() { git_libgit2_init(); }
  ~GitLibrary() { git_libgit2_shutdown(); }
  GitLibrary(const GitLibrary&) = delete;
  GitLibrary& operator=(const GitLibrary&) = delete;
};

/// What libgit2 says of the last failure on this thread.
inline std::string_view git_message() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? error->message : "unknown error";
}

}  // namespace fathom::completion
