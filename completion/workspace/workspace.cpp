#include "completion/workspace/workspace.h"

#include <chrono>
#include <set>
#include <system_error>
#include <vector>

#include "completion/workspace/source_files.h"
#include "engine/base/mapped_file.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

WorkspaceState Workspace::state() const {
  const std::shared_lock lock(mutex_);
  const WorkspaceIndex::Size size = index_.size();
  return {.root = root_,
          .ready = ready(),
          .files = size.files,
          .declarations = size.declarations,
          .chunks = size.chunks,
          .text_bytes = size.text_bytes,
          .left_out = left_out_,
          .complete = complete_,
          .ms_build = ms_build_};
}

void Workspace::build(const SecretFinder& secrets) {
  const Clock::time_point start = Clock::now();
  rescan(secrets);
  const std::unique_lock lock(mutex_);
  ms_build_ = ms_since(start);
  ready_.store(!stopped_, std::memory_order_release);
}

void Workspace::rescan(const SecretFinder& secrets) {
  const Clock::time_point start = Clock::now();
  const auto is_over = [&] { return stopped_ || ms_since(start) > limits_.max_build_ms; };
  const SourceFiles found = list_source_files(root_, limits_.max_files, is_over);
  std::vector<std::string> known;
  {
    const std::unique_lock lock(mutex_);
    known = index_.paths();
    left_out_ = 0;
  }
  const std::set<std::string> wanted(found.paths.begin(), found.paths.end());
  for (const std::string& path : known)
    if (!wanted.contains(path)) drop(path);

  const std::set<std::string> there(known.begin(), known.end());
  bool complete = found.complete;
  for (const std::string& path : found.paths) {
    if (there.contains(path)) continue;
    if (is_over()) {
      complete = false;
      break;
    }
    if (!take(path, secrets)) complete = false;
  }
  const std::unique_lock lock(mutex_);
  complete_ = complete;
}

bool Workspace::take(const std::string& path, const SecretFinder& secrets) {
  const Language* language = find_language("", path);
  const Result<std::string> text = read_text_file(fs::path(root_) / path, limits_.max_file_bytes);
  SourceFilePtr file;
  if (language && text) file = parse_source_file(path, *language, *text, secrets);

  const std::unique_lock lock(mutex_);
  index_.remove(path);
  const WorkspaceIndex::Size size = index_.size();
  const bool fits = size.files < limits_.max_files &&
                    (!file || size.text_bytes + file->text.size() <= limits_.max_text_bytes);
  if (file && fits) {
    index_.add(std::move(file));
  } else {
    ++left_out_;
  }
  return fits;
}

void Workspace::drop(const std::string& path) {
  const std::unique_lock lock(mutex_);
  index_.remove(path);
}

void Workspace::update(const std::string& path, const SecretFinder& secrets) {
  if (stopped_ || path.empty()) return;
  std::error_code error;
  const fs::path file = fs::path(root_) / path;
  const fs::file_status status = fs::symlink_status(file, error);
  if (is_ignore_file(file) || fs::is_directory(status)) return rescan(secrets);
  if (fs::is_regular_file(status) && is_wanted_source(root_, path)) {
    take(path, secrets);
    return;
  }
  drop(path);
  if (fs::exists(status)) return;
  // It may have been a folder.
  std::vector<std::string> known;
  {
    const std::shared_lock lock(mutex_);
    known = index_.paths();
  }
  for (const std::string& inside : known)
    if (inside.starts_with(path + "/")) drop(inside);
}

}  // namespace fathom::completion
