#include "editors/cli/source_file.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;

/// As the model should see it.
std::string shown_path(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const fs::path relative =
      folder.empty() ? fs::proximate(file, error) : file.lexically_relative(folder);
  const bool inside = !error && !relative.empty() && *relative.begin() != "..";
  return (inside && relative.is_relative() ? relative : file.filename()).generic_string();
}

}  // namespace

Result<std::string> read_stdin(size_t max_bytes) {
  std::string text;
  std::array<char, 1 << 16> block;
  while (const size_t n = std::fread(block.data(), 1, block.size(), stdin)) {
    if (text.size() + n > max_bytes)
      return fail(ErrorCode::unsupported, "stdin is longer than {} bytes", max_bytes);
    text.append(block.data(), n);
  }
  if (std::ferror(stdin)) return fail(ErrorCode::io, "stdin cannot be read");
  return text;
}

completion::SnapshotPtr make_snapshot(const std::string& file, std::string text,
                                      const std::string& root) {
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error);
  return std::make_shared<const completion::Snapshot>(completion::Snapshot{
      .uri = "file://" + absolute.generic_string(),
      .path = root.empty() ? shown_path(file, "") : shown_path(absolute.lexically_normal(), root),
      .language = "",  // the extension decides
      .version = 1,
      .text = std::move(text)});
}

std::string project_root(const std::string& file) {
  std::error_code error;
  fs::path folder = fs::absolute(file, error).lexically_normal().parent_path();
  while (!error) {
    std::error_code unknown;  // a folder that may not be read holds no project of ours
    if (fs::exists(folder / ".git", unknown) || fs::exists(folder / ".fathom.toml", unknown))
      return folder.string();
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace fathom::cli
