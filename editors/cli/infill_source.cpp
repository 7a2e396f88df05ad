#include "editors/cli/infill_source.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "completion/lines.h"
#include "completion/syntax/syntax_tree.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;
using completion::indent_of;
using completion::is_blank;
using completion::is_closer;
using completion::is_word_byte;
using completion::line_end;
using completion::next_line;

constexpr uintmax_t kMaxFileBytes = 64 << 10;
constexpr size_t kMinMiddleBytes = 3;
constexpr size_t kMaxBlockBytes = 400;

/// The same numbers everywhere, unlike those of the standard library's distributions.
class Random final {
 public:
  explicit Random(std::string_view seed) {
    for (const char byte : seed)
      state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  size_t below(size_t n) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<size_t>(state_ >> 33) % n;
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

struct Hole {
  size_t begin = 0;
  size_t end = 0;
};

using FindHole = std::optional<Hole> (*)(std::string_view text, size_t line, Random& random);

std::optional<Hole> line_hole(std::string_view text, size_t line, Random&) {
  const size_t end = line_end(text, line);
  const size_t begin = std::min(text.find_first_not_of(" \t", line), end);
  return Hole{begin, end};
}

std::optional<Hole> rest_hole(std::string_view text, size_t line, Random& random) {
  const size_t end = line_end(text, line);
  const size_t first = std::min(text.find_first_not_of(" \t", line), end);
  std::vector<size_t> cuts;  // between a word and what is none
  for (size_t i = first + 1; i < end; ++i)
    if (is_word_byte(text[i - 1]) != is_word_byte(text[i])) cuts.push_back(i);
  if (cuts.empty()) return std::nullopt;
  return Hole{cuts[random.below(cuts.size())], end};
}

std::optional<Hole> args_hole(std::string_view text, size_t line, Random&) {
  const size_t end = line_end(text, line);
  size_t closers = end;
  while (closers > line && (is_closer(text[closers - 1]) || text[closers - 1] == ';')) --closers;
  const size_t open = text.find('(', line);
  if (open == std::string_view::npos || open >= closers || closers == end) return std::nullopt;
  return Hole{open + 1, closers};
}

std::optional<Hole> block_hole(std::string_view text, size_t line, Random&) {
  const size_t header_end = line_end(text, line);
  const char last = text[header_end - 1];
  if (last != '{' && last != ':') return std::nullopt;
  const int indent = indent_of(text.substr(line));
  size_t at = next_line(text, line);
  size_t end = header_end;
  while (at < text.size()) {
    const bool blank = is_blank(text.substr(at, line_end(text, at) - at));
    if (!blank && indent_of(text.substr(at)) <= indent) break;
    if (!blank) end = line_end(text, at);
    at = next_line(text, at);
  }
  if (end == header_end || end - header_end > kMaxBlockBytes) return std::nullopt;
  return Hole{header_end, end};
}

constexpr std::pair<std::string_view, FindHole> kKinds[] = {
    {"line", line_hole}, {"rest", rest_hole}, {"args", args_hole}, {"block", block_hole}};

std::vector<size_t> starts_of_lines(std::string_view text) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < text.size(); at = next_line(text, at))
    if (!is_blank(text.substr(at, line_end(text, at) - at))) starts.push_back(at);
  return starts;
}

bool is_passed_over(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with('.') || name.starts_with("build") || name == "node_modules";
}

Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::recursive_directory_iterator entry(folder, error);
  if (error) return fail(ErrorCode::not_found, "{}: {}", folder.string(), error.message());
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (error) return fail(ErrorCode::io, "{}: {}", folder.string(), error.message());
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (is_passed_over(entry->path())) entry.disable_recursion_pending();
      continue;
    }
    const bool fits = entry->is_regular_file(ignored) && entry->file_size(ignored) <= kMaxFileBytes;
    if (fits && completion::find_language("", entry->path().string()))
      files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::vector<InfillTask> infill_tasks_of(const std::string& path, std::string_view text,
                                        int per_kind) {
  const completion::Language* language = completion::find_language("", path);
  if (!language) return {};
  completion::SyntaxTree tree(*language);
  const std::vector<size_t> lines = starts_of_lines(text);
  if (lines.empty() || !tree.update(text) || tree.has_errors()) return {};

  std::vector<InfillTask> tasks;
  for (const auto& [kind, find_hole] : kKinds) {
    Random random(path + std::string(kind));
    std::set<size_t> begins;  // of the holes that were made
    for (size_t tries = 0; tries < 8 * lines.size() && std::ssize(begins) < per_kind; ++tries) {
      const auto hole = find_hole(text, lines[random.below(lines.size())], random);
      if (!hole || hole->end - hole->begin < kMinMiddleBytes) continue;
      if (!begins.insert(hole->begin).second) continue;
      tasks.push_back({.prefix = std::string(text.substr(0, hole->begin)),
                       .suffix = std::string(text.substr(hole->end)),
                       .middle = std::string(text.substr(hole->begin, hole->end - hole->begin)),
                       .language = std::string(language->name),
                       .kind = std::string(kind),
                       .path = path});
    }
  }
  return tasks;
}

Result<std::vector<InfillTask>> make_infill_tasks(const fs::path& folder, int per_kind) {
  FATHOM_TRY(files, files_below(folder));
  std::vector<InfillTask> tasks;
  for (const fs::path& file : files) {
    FATHOM_TRY(text, read_text_file(file.string(), kMaxFileBytes));
    const std::string shown = file.lexically_relative(folder).generic_string();
    std::ranges::move(infill_tasks_of(shown, text, per_kind), std::back_inserter(tasks));
  }
  if (tasks.empty())
    return fail(ErrorCode::corrupt, "{}: there is no source file in it that parses",
                folder.string());
  return tasks;
}

}  // namespace fathom::cli
