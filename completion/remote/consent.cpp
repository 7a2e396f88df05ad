#include "completion/remote/consent.h"

#include <algorithm>
#include <span>
#include <system_error>

#include "engine/base/atomic_file.h"
#include "engine/base/mapped_file.h"
#include "engine/base/user_paths.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = size_t{1} << 20;

/// Without links and dots, so that no other name of a folder is asked about again.
fs::path plain_path(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(folder, error);
  if (error) path = folder.lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "/a/" is "/a"
}

bool is_in(const fs::path& path, const fs::path& folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

}  // namespace

bool Consent::given(std::string_view origin, const fs::path& folder) const {
  const Result<std::string> text = read_text_file(file_, kMaxFileBytes);
  if (!text || origin.empty() || !folder.is_absolute()) return false;
  const fs::path wanted = plain_path(folder);
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t blank = std::min(line.find(' '), line.size());
    const std::string_view path = line.substr(std::min(blank + 1, line.size()));
    if (line.substr(0, blank) == origin && path.starts_with('/') && is_in(wanted, plain_path(path)))
      return true;
  }
  return false;
}

Status Consent::give(std::string_view origin, const fs::path& folder) const {
  const std::string path = plain_path(folder).string();
  if (origin.empty() || !path.starts_with('/') || path.find('\n') != std::string::npos)
    return fail(ErrorCode::invalid_argument, "'{}' is no folder to remember", path);
  if (given(origin, folder)) return {};
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  std::string text;
  if (fs::exists(file_, error)) {
    FATHOM_TRY(before, read_text_file(file_, kMaxFileBytes));
    text = std::move(before);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
  }
  text += fmt::format("{} {}\n", origin, path);
  FATHOM_TRY(out, AtomicFile::create(file_));
  FATHOM_CHECK(out.write(std::as_bytes(std::span(text))));
  return out.commit();
}

fs::path consent_file() { return user_state_path("remote-consent"); }

}  // namespace fathom::completion
