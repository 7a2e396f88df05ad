#include "completion/review/git_repository.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "completion/review/diff_parser.h"
#include "completion/review/git_handle.h"
#include "engine/base/mapped_file.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

/// More of a file is not even read.
constexpr size_t kMaxReadBytes = size_t{64} << 20;

bool is_file(uint32_t mode) {
  return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

/// The files on both sides of a change.
struct Sides {
  GitTree before;  // null: nothing
  GitTree after;   // null: the working tree, or the index
};

FileDiff::Status status_of(const git_diff_delta& delta) {
  switch (delta.status) {
    case GIT_DELTA_ADDED:
    case GIT_DELTA_UNTRACKED:
      return FileDiff::Status::added;
    case GIT_DELTA_DELETED:
      return FileDiff::Status::deleted;
    case GIT_DELTA_RENAMED:
      return FileDiff::Status::renamed;
    case GIT_DELTA_COPIED:
      return FileDiff::Status::copied;
    default:
      break;
  }
  const bool same_content = git_oid_equal(&delta.old_file.id, &delta.new_file.id) != 0;
  const bool mode_only = same_content && delta.old_file.mode != delta.new_file.mode;
  return mode_only ? FileDiff::Status::mode_changed : FileDiff::Status::modified;
}

std::string section_of(const git_diff_hunk& hunk) {
  std::string_view header(hunk.header, hunk.header_len);
  const size_t end = header.find("@@", 2);
  if (end == std::string_view::npos) return "";
  header.remove_prefix(end + 2);
  while (header.ends_with('\n') || header.ends_with('\r')) header.remove_suffix(1);
  if (header.starts_with(' ')) header.remove_prefix(1);
  return std::string(header);
}

std::optional<DiffLine> line_of(const git_diff_line& line) {
  DiffLine result{.old_line = std::max(line.old_lineno, 0),
                  .new_line = std::max(line.new_lineno, 0)};
  if (line.origin == GIT_DIFF_LINE_ADDITION) {
    result.kind = DiffLine::Kind::added;
  } else if (line.origin == GIT_DIFF_LINE_DELETION) {
    result.kind = DiffLine::Kind::removed;
  } else if (line.origin != GIT_DIFF_LINE_CONTEXT) {
    return std::nullopt;  // says that a newline is missing; the line before shows it
  }
  std::string_view text(line.content, line.content_len);
  result.has_newline = text.ends_with('\n');
  if (result.has_newline) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  result.text = text;
  return result;
}

void take_hunks(git_patch* patch, FileDiff& file) {
  for (size_t i = 0; i < git_patch_num_hunks(patch); ++i) {
    const git_diff_hunk* header = nullptr;
    size_t n_lines = 0;
    if (git_patch_get_hunk(&header, &n_lines, patch, i) < 0) return;
    Hunk hunk{.old_begin = header->old_start,
              .old_count = header->old_lines,
              .new_begin = header->new_start,
              .new_count = header->new_lines,
              .section = section_of(*header)};
    for (size_t j = 0; j < n_lines; ++j) {
      const git_diff_line* line = nullptr;
      if (git_patch_get_line_in_hunk(&line, patch, i, j) < 0) return;
      if (std::optional<DiffLine> taken = line_of(*line)) hunk.lines.push_back(*std::move(taken));
    }
    file.hunks.push_back(std::move(hunk));
  }
}

}  // namespace

class GitRepository::Impl {
 public:
  explicit Impl(GitRepositoryHandle repository) : repository_(std::move(repository)) {}

  git_repository* get() const { return repository_.get(); }
  bool is_bare() const { return git_repository_is_bare(get()) != 0; }
  fs::path working_tree() const {
    const char* path = git_repository_workdir(get());
    return path != nullptr ? fs::path(path) : fs::path();
  }

  Result<Sides> sides(const ChangeRequest& request) const {
    using Kind = ChangeRequest::Kind;
    if (request.kind == Kind::working_tree || request.kind == Kind::staged) {
      if (is_bare()) {
        return fail(ErrorCode::invalid_argument,
                    "{}: a bare repository has no working tree; give a range, such as main~1..main",
                    git_repository_path(get()));
      }
      Sides sides;
      if (git_repository_head_unborn(get()) == 1) return sides;  // everything is new
      FATHOM_TRY(head, tree("HEAD"));
      sides.before = std::move(head);
      return sides;
    }
    if (request.kind == Kind::base) return merge_base_sides(request.revision, "HEAD");
    return range_sides(request.revision);
  }

  Result<GitDiff> diff(const ChangeRequest& request, const Sides& sides) const {
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    git_diff* made = nullptr;
    int error = 0;
    if (request.kind == ChangeRequest::Kind::working_tree) {
      options.flags |= GIT_DIFF_INCLUDE_UNTRACKED;
      error = git_diff_tree_to_workdir_with_index(&made, get(), sides.before.get(), &options);
    } else if (request.kind == ChangeRequest::Kind::staged) {
      error = git_diff_tree_to_index(&made, get(), sides.before.get(), nullptr, &options);
    } else {
      error = git_diff_tree_to_tree(&made, get(), sides.before.get(), sides.after.get(), &options);
    }
    GitDiff diff(made);
    git_diff_find_options find = GIT_DIFF_FIND_OPTIONS_INIT;
    find.flags = GIT_DIFF_FIND_RENAMES;
    if (error < 0 || git_diff_find_similar(diff.get(), &find) < 0) return failed("git diff");
    return diff;
  }

  /// Takes the file into `input`, on one of its lists.
  Status take(git_diff* diff, size_t index, bool is_working_tree, ReviewInput& input) const {
    const git_diff_delta& delta = *git_diff_get_delta(diff, index);
    if (delta.status == GIT_DELTA_UNTRACKED) {
      input.skipped.push_back({.path = delta.new_file.path,
                               .reason = "not tracked: `git add` it to have it reviewed",
                               .is_expected = true});
      return {};
    }
    FileDiff file{.status = status_of(delta)};
    if (file.status != FileDiff::Status::added) file.old_path = delta.old_file.path;
    if (file.status != FileDiff::Status::deleted) file.new_path = delta.new_file.path;
    const auto either_mode = [&](uint16_t mode) {
      return delta.old_file.mode == mode || delta.new_file.mode == mode;
    };
    if (either_mode(GIT_FILEMODE_COMMIT)) return skip(input, file, "submodule", true);
    if (either_mode(GIT_FILEMODE_LINK)) return skip(input, file, "symbolic link", true);
    if (delta.status == GIT_DELTA_CONFLICTED)
      return skip(input, file, "has conflicts that are not resolved", false);
    if (delta.status == GIT_DELTA_UNREADABLE) return skip(input, file, "cannot be read", false);
    if (file.status == FileDiff::Status::deleted) return skip(input, file, "deleted", true);

    const GitPatch patch =
        make_git<GitPatch>([&](git_patch** out) { return git_patch_from_diff(out, diff, index); });
    if (!patch) return failed(file.new_path);
    // Whether it is binary is known once it has been read.
    file.is_binary = (git_patch_get_delta(patch.get())->flags & GIT_DIFF_FLAG_BINARY) != 0;
    take_hunks(patch.get(), file);
    const git_oid id = delta.new_file.id;
    const std::string path = file.new_path;
    sort_out(std::move(file), input, [&]() -> std::optional<std::string> {
      return is_working_tree ? working_file(path) : blob_text(id, kMaxReadBytes);
    });
    return {};
  }

  /// Takes a file into `input`, left out if it is by rule; `read` gives its text.
  template <class Read>
  void sort_out(FileDiff file, ReviewInput& input, Read&& read) const {
    const bool is_here = file.status != FileDiff::Status::deleted && !file.is_binary;
    if (is_here && is_generated(file.new_path)) {
      input.skipped.push_back(left_out(file, "generated (.gitattributes)", true));
      return;
    }
    std::vector<FileDiff> one;
    one.push_back(std::move(file));
    ReviewInput sorted = input_of(std::move(one));
    input.skipped.insert(input.skipped.end(), sorted.skipped.begin(), sorted.skipped.end());
    for (ReviewedFile& reviewed : sorted.files) {
      std::optional<std::string> text = read();
      if (text && text->size() > kMaxFileBytes) {
        input.skipped.push_back(
            left_out(reviewed.diff, fmt::format("larger than {} MiB", kMaxFileBytes >> 20), false));
        continue;
      }
      if (text && fits_new_side(reviewed.diff, *text))
        reviewed.text = std::make_shared<const std::string>(*std::move(text));
      input.files.push_back(std::move(reviewed));
    }
  }

  std::optional<std::string> working_file(const std::string& path,
                                          size_t max_bytes = kMaxReadBytes) const {
    const fs::path root = working_tree();
    std::error_code error;
    // Not through links: they may lead anywhere.
    const fs::path file = fs::canonical(root / path, error);
    if (error || file != fs::canonical(root, error) / path || !fs::is_regular_file(file, error))
      return std::nullopt;
    Result<std::string> text = read_text_file(file, max_bytes);
    if (!text) return std::nullopt;
    return *std::move(text);
  }

  /// Those that the index lists; `is_working_tree`: with their texts as they are there.
  Result<RepositoryFiles> index_files(bool is_working_tree) const {
    const std::shared_ptr<git_index> index(
        make_git<GitIndex>([&](git_index** out) { return git_repository_index(out, get()); }));
    if (!index) return failed("the index");
    RepositoryFiles files;
    for (size_t i = 0; i < git_index_entrycount(index.get()); ++i) {
      const git_index_entry& entry = *git_index_get_byindex(index.get(), i);
      if (is_file(entry.mode) && git_index_entry_stage(&entry) == 0)
        files.paths.emplace_back(entry.path);
    }
    files.read = [this, index, is_working_tree](const std::string& path, size_t max_bytes) {
      if (is_working_tree) return working_file(path, max_bytes);
      const git_index_entry* entry = git_index_get_bypath(index.get(), path.c_str(), 0);
      return entry != nullptr ? blob_text(entry->id, max_bytes) : std::nullopt;
    };
    return files;
  }

  Result<RepositoryFiles> tree_files(GitTree tree) const {
    RepositoryFiles files;
    const auto add = [](const char* folder, const git_tree_entry* entry, void* to) {
      if (!is_file(git_tree_entry_filemode(entry))) return 0;
      static_cast<RepositoryFiles*>(to)->paths.push_back(std::string(folder) +
                                                         git_tree_entry_name(entry));
      return 0;
    };
    if (git_tree_walk(tree.get(), GIT_TREEWALK_PRE, add, &files) < 0) return failed("git tree");
    std::ranges::sort(files.paths);
    const std::shared_ptr<git_tree> root(std::move(tree));
    files.read = [this, root](const std::string& path,
                              size_t max_bytes) -> std::optional<std::string> {
      git_tree_entry* found = nullptr;
      if (git_tree_entry_bypath(&found, root.get(), path.c_str()) < 0) return std::nullopt;
      const GitTreeEntry entry(found);
      return blob_text(*git_tree_entry_id(entry.get()), max_bytes);
    };
    return files;
  }

  Status copy_working_tree(const fs::path& folder) const {
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    options.show = GIT_STATUS_SHOW_WORKDIR_ONLY;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
                    GIT_STATUS_OPT_INCLUDE_UNMODIFIED | GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
    const GitStatusList list = make_git<GitStatusList>(
        [&](git_status_list** out) { return git_status_list_new(out, get(), &options); });
    if (!list) return failed("git status");
    const fs::path root = working_tree();
    for (size_t i = 0; i < git_status_list_entrycount(list.get()); ++i) {
      const git_status_entry& entry = *git_status_byindex(list.get(), i);
      if (entry.index_to_workdir == nullptr || (entry.status & GIT_STATUS_WT_DELETED) != 0)
        continue;
      const fs::path path = entry.index_to_workdir->new_file.path;
      std::error_code error;
      fs::create_directories((folder / path).parent_path(), error);
      if (!error) fs::copy(root / path, folder / path, fs::copy_options::copy_symlinks, error);
      if (error) {
        return fail(ErrorCode::io, "{} cannot be copied to {}: {}", to_valid_utf8(path.string()),
                    folder.string(), error.message());
      }
    }
    return {};
  }

  static tl::unexpected<Error> failed(std::string_view what) {
    return fail(ErrorCode::io, "{}: {}", to_valid_utf8(what), git_message());
  }

  Result<GitTree> tree(const std::string& revision) const {
    FATHOM_TRY(object, peeled(revision, GIT_OBJECT_TREE));
    return GitTree(reinterpret_cast<git_tree*>(object.release()));
  }

 private:
  static Status skip(ReviewInput& input, const FileDiff& file, std::string reason,
                     bool is_expected) {
    input.skipped.push_back(left_out(file, std::move(reason), is_expected));
    return {};
  }

  Result<GitObject> peeled(const std::string& revision, git_object_t type) const {
    const GitObject object = make_git<GitObject>(
        [&](git_object** out) { return git_revparse_single(out, get(), revision.c_str()); });
    if (!object) {
      return fail(ErrorCode::invalid_argument, "'{}' is not a revision of this repository: {}",
                  to_valid_utf8(revision), git_message());
    }
    GitObject result = make_git<GitObject>(
        [&](git_object** out) { return git_object_peel(out, object.get(), type); });
    if (!result) {
      return fail(ErrorCode::invalid_argument, "'{}': {}", to_valid_utf8(revision), git_message());
    }
    return result;
  }

  Result<Sides> merge_base_sides(const std::string& before, const std::string& after) const {
    FATHOM_TRY(ours, peeled(before, GIT_OBJECT_COMMIT));
    FATHOM_TRY(theirs, peeled(after, GIT_OBJECT_COMMIT));
    git_oid base;
    if (git_merge_base(&base, get(), git_object_id(ours.get()), git_object_id(theirs.get())) < 0) {
      return fail(ErrorCode::not_found, "{} and {} have no common ancestor here{}",
                  to_valid_utf8(before), to_valid_utf8(after), shallow_hint());
    }
    char name[GIT_OID_HEXSZ + 1];
    git_oid_tostr(name, sizeof name, &base);
    return both(name, after);
  }

  Result<Sides> range_sides(const std::string& range) const {
    const auto or_head = [](std::string name) { return name.empty() ? "HEAD" : name; };
    const size_t dots = range.find("..");
    if (dots != std::string::npos) {
      const bool three = range.compare(dots, 3, "...") == 0;
      const std::string before = or_head(range.substr(0, dots));
      const std::string after = or_head(range.substr(dots + (three ? 3 : 2)));
      return three ? merge_base_sides(before, after) : both(before, after);
    }
    FATHOM_TRY(object, peeled(range, GIT_OBJECT_COMMIT));
    const auto* commit = reinterpret_cast<const git_commit*>(object.get());
    if (git_commit_parentcount(commit) > 0) {
      Result<Sides> sides = both(range + "^1", range);
      if (!sides) {
        return fail(ErrorCode::not_found, "the parent of {} is not here{}", to_valid_utf8(range),
                    shallow_hint());
      }
      return sides;
    }
    Sides sides;
    FATHOM_TRY(after, tree(range));
    sides.after = std::move(after);
    return sides;
  }

  Result<Sides> both(const std::string& before, const std::string& after) const {
    FATHOM_TRY(before_tree, tree(before));
    FATHOM_TRY(after_tree, tree(after));
    Sides sides;
    sides.before = std::move(before_tree);
    sides.after = std::move(after_tree);
    return sides;
  }

  std::string_view shallow_hint() const {
    return git_repository_is_shallow(get()) == 1
               ? "; the clone is shallow: fetch more of the history (git fetch --unshallow, or "
                 "fetch-depth: 0 in CI)"
               : "";
  }

  bool is_generated(const std::string& path) const {
    const uint32_t flags = is_bare() ? GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_INCLUDE_HEAD
                                     : GIT_ATTR_CHECK_FILE_THEN_INDEX;
    const char* value = nullptr;
    if (git_attr_get(&value, get(), flags, path.c_str(), "linguist-generated") < 0) return false;
    const git_attr_value_t kind = git_attr_value(value);
    return kind == GIT_ATTR_VALUE_TRUE ||
           (kind == GIT_ATTR_VALUE_STRING && std::string_view(value) == "true");
  }

  std::optional<std::string> blob_text(const git_oid& id, size_t max_bytes) const {
    const GitBlob blob =
        make_git<GitBlob>([&](git_blob** out) { return git_blob_lookup(out, get(), &id); });
    if (!blob || static_cast<size_t>(git_blob_rawsize(blob.get())) > max_bytes) return std::nullopt;
    return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                       git_blob_rawsize(blob.get()));
  }

  const GitLibrary library_;
  GitRepositoryHandle repository_;
};

GitRepository::GitRepository(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GitRepository::GitRepository(GitRepository&&) noexcept = default;
GitRepository& GitRepository::operator=(GitRepository&&) noexcept = default;
GitRepository::~GitRepository() = default;

Result<GitRepository> GitRepository::find(const fs::path& folder) {
  const GitLibrary library;
  GitRepositoryHandle repository = make_git<GitRepositoryHandle>([&](git_repository** out) {
    return git_repository_open_ext(out, folder.c_str(), 0, nullptr);
  });
  if (!repository) {
    return fail(ErrorCode::not_found, "{}: no git repository that can be read: {}", folder.string(),
                git_message());
  }
  return GitRepository(std::make_unique<Impl>(std::move(repository)));
}

fs::path GitRepository::working_tree() const { return impl_->working_tree(); }

Result<std::string> GitRepository::default_branch() const {
  const auto find = [this](const char* name) {
    return make_git<GitReference>(
        [&](git_reference** out) { return git_reference_lookup(out, impl_->get(), name); });
  };
  if (const GitReference head = find("refs/remotes/origin/HEAD")) {
    const char* target = git_reference_symbolic_target(head.get());
    if (target != nullptr && find(target)) return std::string(target);
  }
  for (const char* name : {"refs/heads/main", "refs/heads/master"})
    if (find(name)) return std::string(name);
  return fail(ErrorCode::not_found,
              "{}: no branch to compare with: neither origin/HEAD nor main or master; name one",
              working_tree().string());
}

Result<ReviewInput> GitRepository::changes(const ChangeRequest& request) const {
  FATHOM_TRY(sides, impl_->sides(request));
  FATHOM_TRY(diff, impl_->diff(request, sides));
  ReviewInput input;
  for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    FATHOM_CHECK(
        impl_->take(diff.get(), i, request.kind == ChangeRequest::Kind::working_tree, input));
  }
  return input;
}

Status GitRepository::export_files(const ChangeRequest& request, const fs::path& folder) const {
  if (request.kind == ChangeRequest::Kind::working_tree) return impl_->copy_working_tree(folder);
  FATHOM_TRY(sides, impl_->sides(request));
  git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
  options.checkout_strategy =
      GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DONT_UPDATE_INDEX | GIT_CHECKOUT_DONT_WRITE_INDEX;
  options.disable_filters = 1;
  const std::string target = folder.string();
  options.target_directory = target.c_str();
  const int error =
      sides.after
          ? git_checkout_tree(impl_->get(), reinterpret_cast<const git_object*>(sides.after.get()),
                              &options)
          : git_checkout_index(impl_->get(), nullptr, &options);
  if (error < 0) return Impl::failed(target);
  return {};
}

Result<RepositoryFiles> GitRepository::files(const ChangeRequest& request) const {
  FATHOM_TRY(sides, impl_->sides(request));
  if (sides.after) return impl_->tree_files(std::move(sides.after));
  return impl_->index_files(request.kind == ChangeRequest::Kind::working_tree);
}

ReviewInput GitRepository::complete(std::vector<FileDiff> diffs) const {
  ReviewInput input;
  for (FileDiff& diff : diffs) {
    const std::string path = diff.new_path;
    impl_->sort_out(std::move(diff), input, [&] { return impl_->working_file(path); });
  }
  return input;
}

}  // namespace fathom::completion
