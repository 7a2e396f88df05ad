#include "completion/review/git_patch.h"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include "completion/review/git_handle.h"

namespace fathom::completion {
namespace {

/// A repository that is nowhere but in memory, with an empty object database.
GitRepositoryHandle memory_repository() {
  GitOdb odb = make_git<GitOdb>(git_odb_new);
  git_odb_backend* memory = nullptr;
  if (!odb || git_mempack_new(&memory) < 0) return {};
  if (git_odb_add_backend(odb.get(), memory, 1) < 0) {
    memory->free(memory);
    return {};
  }
  return make_git<GitRepositoryHandle>(
      [&](git_repository** out) { return git_repository_wrap_odb(out, odb.get()); });
}

/// A tree that holds one file.
GitTree tree_of(git_repository* repository, const std::string& path, std::string_view text) {
  git_index_entry entry{};
  entry.path = path.c_str();
  entry.mode = GIT_FILEMODE_BLOB;
  GitIndex index = make_git<GitIndex>(git_index_new);
  git_oid id;
  if (!index || git_blob_create_from_buffer(&entry.id, repository, text.data(), text.size()) < 0 ||
      git_index_add(index.get(), &entry) < 0 ||
      git_index_write_tree_to(&id, index.get(), repository) < 0) {
    return {};
  }
  return make_git<GitTree>([&](git_tree** out) { return git_tree_lookup(out, repository, &id); });
}

}  // namespace

std::string make_patch(std::string_view path, std::string_view before, std::string_view after) {
  const GitLibrary library;
  const std::string name(path);
  const GitPatch patch = make_git<GitPatch>([&](git_patch** out) {
    return git_patch_from_buffers(out, before.data(), before.size(), name.c_str(), after.data(),
                                  after.size(), name.c_str(), nullptr);
  });
  if (!patch || git_patch_num_hunks(patch.get()) == 0) return "";
  git_buf buffer{};
  std::string text;
  if (git_patch_to_buf(&buffer, patch.get()) == 0) text.assign(buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

Result<std::string> apply_patch(std::string_view path, std::string_view before,
                                std::string_view patch) {
  const GitLibrary library;
  const std::string name(path);
  const auto refused = [&] {
    return fail(ErrorCode::invalid_argument, "{}: the patch does not apply: {}", path,
                git_message());
  };
  const GitRepositoryHandle repository = memory_repository();
  if (!repository) return refused();
  const GitTree tree = tree_of(repository.get(), name, before);
  const GitDiff diff = make_git<GitDiff>(
      [&](git_diff** out) { return git_diff_from_buffer(out, patch.data(), patch.size()); });
  if (!tree || !diff) return refused();
  const GitIndex patched = make_git<GitIndex>([&](git_index** out) {
    return git_apply_to_tree(out, repository.get(), tree.get(), diff.get(), nullptr);
  });
  if (!patched) return refused();
  const git_index_entry* entry = git_index_get_bypath(patched.get(), name.c_str(), 0);
  if (entry == nullptr) return refused();
  const GitBlob blob = make_git<GitBlob>(
      [&](git_blob** out) { return git_blob_lookup(out, repository.get(), &entry->id); });
  if (!blob) return refused();
  return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                     git_blob_rawsize(blob.get()));
}

}  // namespace fathom::completion
