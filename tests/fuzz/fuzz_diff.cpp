// A diff from anybody: what is read of it has exact numbers and safe paths.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "completion/review/diff_parser.h"

namespace {

using fathom::completion::DiffLine;
using fathom::completion::FileDiff;
using fathom::completion::Hunk;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  require(!path.starts_with('/'));
  require(fmt::format("/{}/", path).find("/../") == std::string::npos);
}

void check_hunk(const Hunk& hunk) {
  int old_line = hunk.old_begin, new_line = hunk.new_begin;
  for (const DiffLine& line : hunk.lines) {
    const bool is_old = line.kind != DiffLine::Kind::added;
    const bool is_new = line.kind != DiffLine::Kind::removed;
    require(line.old_line == (is_old ? old_line++ : 0));
    require(line.new_line == (is_new ? new_line++ : 0));
    require(line.text.find('\n') == std::string::npos);
  }
  require(old_line == hunk.old_begin + hunk.old_count);
  require(new_line == hunk.new_begin + hunk.new_count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto files = fathom::completion::parse_diff(text);
  if (!files) {
    require(!files.error().message.empty());
    return 0;
  }
  for (const FileDiff& file : *files) {
    check_path(file.old_path);
    check_path(file.new_path);
    for (const Hunk& hunk : file.hunks) check_hunk(hunk);
    fits_new_side(file, text);
  }
  return 0;
}
