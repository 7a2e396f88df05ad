#include "completion/review/apply_patches.h"

#include <algorithm>
#include <span>
#include <string>
#include <system_error>

#include "engine/base/atomic_file.h"
#include "engine/base/mapped_file.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

bool is_as_reviewed(const ReviewReport& report, const std::string& path, const fs::path& root) {
  const auto file =
      std::ranges::find(report.files, path, [](const ReviewedFile& f) { return f.diff.new_path; });
  std::error_code error;
  if (file == report.files.end() || !file->text || fs::canonical(root / path, error) != root / path)
    return false;
  const Result<std::string> text = read_text_file(root / path, file->text->size() + 1);
  return text && *text == *file->text;
}

}  // namespace

Status apply_patches(const ReviewReport& report, const std::vector<FilePatch>& patches,
                     const fs::path& working_tree) {
  std::error_code error;
  const fs::path root = fs::canonical(working_tree, error);
  for (const FilePatch& patch : patches) {
    if (!is_as_reviewed(report, patch.path, root)) {
      return fail(ErrorCode::invalid_argument,
                  "{} is not what was reviewed; nothing has been changed",
                  to_valid_utf8(patch.path));
    }
  }
  for (const FilePatch& patch : patches) {
    const fs::path path = root / patch.path;
    const fs::perms mode = fs::status(path, error).permissions();
    FATHOM_TRY(file, AtomicFile::create(path));
    FATHOM_CHECK(file.write(std::as_bytes(std::span(patch.after))));
    FATHOM_CHECK(file.commit());
    fs::permissions(path, mode, error);
  }
  return {};
}

}  // namespace fathom::completion
