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
constexpr std::string_view kNever = "never ";

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

struct Line {
  ConsentAnswer answer = ConsentAnswer::yes;
  std::string_view origin;
  std::string_view folder;  // "": the line says nothing
};

Line read_line(std::string_view text) {
  Line line;
  if (text.starts_with(kNever)) {
    line.answer = ConsentAnswer::never;
    text.remove_prefix(kNever.size());
  }
  const size_t blank = std::min(text.find(' '), text.size());
  line.origin = text.substr(0, blank);
  line.folder = text.substr(std::min(blank + 1, text.size()));
  return line;
}

template <class Use>
void for_each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

ConsentAnswer Consent::answer(std::string_view origin, const fs::path& folder) const {
  const Result<std::string> text = read_text_file(file_, kMaxFileBytes);
  if (!text || origin.empty() || !folder.is_absolute()) return ConsentAnswer::none;
  const fs::path wanted = plain_path(folder);
  ConsentAnswer answer = ConsentAnswer::none;
  size_t innermost = 0;
  for_each_line(*text, [&](std::string_view text_of_line) {
    const Line line = read_line(text_of_line);
    if (line.origin != origin || !line.folder.starts_with('/')) return;
    const fs::path covered = plain_path(line.folder);
    const size_t depth = size_t(std::distance(covered.begin(), covered.end()));
    if (depth < innermost || !is_in(wanted, covered)) return;
    innermost = depth;
    answer = line.answer;
  });
  return answer;
}

Status Consent::record(std::string_view origin, const fs::path& folder,
                       ConsentAnswer answer) const {
  const std::string path = plain_path(folder).string();
  if (origin.empty() || !path.starts_with('/') || path.find('\n') != std::string::npos)
    return fail(ErrorCode::invalid_argument, "'{}' is no folder to remember", path);
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  std::string text;
  if (fs::exists(file_, error)) {
    FATHOM_TRY(before, read_text_file(file_, kMaxFileBytes));
    for_each_line(before, [&](std::string_view kept) {
      const Line line = read_line(kept);
      if (line.origin != origin || line.folder != path) text.append(kept) += '\n';
    });
  }
  text += fmt::format("{}{} {}\n", answer == ConsentAnswer::never ? kNever : "", origin, path);
  FATHOM_TRY(out, AtomicFile::create(file_));
  FATHOM_CHECK(out.write(std::as_bytes(std::span(text))));
  return out.commit();
}

fs::path consent_file() { return user_state_path("remote-consent"); }

}  // namespace fathom::completion
