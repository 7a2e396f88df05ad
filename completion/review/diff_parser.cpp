#include "completion/review/diff_parser.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>
#include <string>
#include <utility>

#include "completion/lines.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kNowhere = "/dev/null";

/// Takes lines from a text; a line ends with LF or CRLF, which is not part of it.
class LineReader final {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  /// 1-based number of the line that next() will give.
  int number() const { return number_; }
  std::string_view peek() const { return without_cr(rest_.substr(0, rest_.find('\n'))); }
  std::string_view next() {
    const std::string_view line = peek();
    const size_t newline = rest_.find('\n');
    rest_.remove_prefix(newline == std::string_view::npos ? rest_.size() : newline + 1);
    if (number_ < INT_MAX) ++number_;
    return line;
  }

 private:
  static std::string_view without_cr(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::string_view rest_;
  int number_ = 1;
};

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// A number of at most nine digits: sums of two of them are no overflow.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + std::min(text.size(), size_t{9}), value);
  const auto n = static_cast<size_t>(end - text.data());
  const bool goes_on = n < text.size() && text[n] >= '0' && text[n] <= '9';
  if (error != std::errc() || value < 0 || goes_on) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

/// "-12,3" or "-12" behind its sign.
bool take_range(std::string_view& text, int& begin, int& count) {
  const std::optional<int> first = take_number(text);
  if (!first) return false;
  begin = *first;
  count = 1;
  if (!take(text, ",")) return true;
  const std::optional<int> second = take_number(text);
  if (second) count = *second;
  return second.has_value();
}

std::optional<Hunk> parse_hunk_header(std::string_view line) {
  Hunk hunk;
  const bool right = take(line, "@@ -") && take_range(line, hunk.old_begin, hunk.old_count) &&
                     take(line, " +") && take_range(line, hunk.new_begin, hunk.new_count) &&
                     take(line, " @@");
  if (!right) return std::nullopt;
  take(line, " ");
  hunk.section = line;
  return hunk;
}

/// A path in quotes, with the escapes of C, from the begin of `text`; nothing if it is broken.
std::optional<std::string> take_quoted(std::string_view& text) {
  static constexpr std::pair<char, char> kEscapes[] = {{'a', '\a'}, {'b', '\b'}, {'t', '\t'},
                                                       {'n', '\n'}, {'v', '\v'}, {'f', '\f'},
                                                       {'r', '\r'}, {'"', '"'},  {'\\', '\\'}};
  std::string path;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return path;
    }
    if (text[i] != '\\') {
      path += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    const auto* escape = std::ranges::find(kEscapes, text[i], &std::pair<char, char>::first);
    if (escape != std::end(kEscapes)) {
      path += escape->second;
      continue;
    }
    int byte = 0;
    const auto [end, error] =
        std::from_chars(text.data() + i, text.data() + std::min(text.size(), i + 3), byte, 8);
    if (error != std::errc() || byte > 255 || end != text.data() + i + 3) return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  return std::nullopt;
}

/// What follows "--- " or "+++ ": a path, perhaps quoted, perhaps with a date behind a tab.
std::optional<std::string> parse_path(std::string_view text) {
  if (text.starts_with('"')) return take_quoted(text);
  return std::string(text.substr(0, text.find('\t')));
}

struct Paths {
  std::string before;  // as written, with the prefix "a/"
  std::string after;
};

/// The two paths of "diff --git a/X b/X". Unquoted ones may hold spaces, so only equal ones can be
/// told apart; others are named again by the lines that follow.
std::optional<Paths> parse_git_header(std::string_view text) {
  if (text.starts_with('"')) {
    const std::optional<std::string> before = take_quoted(text);
    if (!before || !take(text, " ")) return std::nullopt;
    const std::optional<std::string> after = parse_path(text);
    if (!after) return std::nullopt;
    return Paths{*before, *after};
  }
  if (text.ends_with('"')) {
    const size_t quote = text.find(" \"");
    if (quote == std::string_view::npos) return std::nullopt;
    std::string_view second = text.substr(quote + 1);
    const std::optional<std::string> after = take_quoted(second);
    if (!after) return std::nullopt;
    return Paths{std::string(text.substr(0, quote)), *after};
  }
  for (size_t space = text.find(' '); space != std::string_view::npos;
       space = text.find(' ', space + 1)) {
    const std::string_view before = text.substr(0, space), after = text.substr(space + 1);
    const size_t a = before.find('/'), b = after.find('/');
    const bool same_name = a != std::string_view::npos && b != std::string_view::npos &&
                           before.substr(a) == after.substr(b);
    if (same_name || before == after) return Paths{std::string(before), std::string(after)};
  }
  return std::nullopt;
}

/// "a/", "b/", or what diff.mnemonicPrefix puts in their place.
bool has_prefix(std::string_view path) {
  return path.size() > 2 && path[1] == '/' &&
         std::string_view("abciow").find(path[0]) != std::string_view::npos;
}

/// Both without their prefixes, if they have any: with diff.noprefix they begin alike.
void strip_prefixes(Paths& paths) {
  const bool no_before = paths.before == kNowhere, no_after = paths.after == kNowhere;
  const bool before = no_before || has_prefix(paths.before);
  const bool after = no_after || has_prefix(paths.after);
  if (!before || !after || paths.before.substr(0, 2) == paths.after.substr(0, 2)) return;
  if (!no_before) paths.before.erase(0, 2);
  if (!no_after) paths.after.erase(0, 2);
}

/// Whether a path stays in the repository, outside of git's own folder.
bool is_inside(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    const bool is_git = part.size() == 4 && part[0] == '.' && (part[1] | 0x20) == 'g' &&
                        (part[2] | 0x20) == 'i' && (part[3] | 0x20) == 't';
    if (part.empty() || part == "." || part == ".." || is_git) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

class Parser final {
 public:
  explicit Parser(std::string_view text) : lines_(text) {}

  Result<std::vector<FileDiff>> parse() {
    while (!lines_.at_end()) {
      std::string_view line = lines_.peek();
      if (line.starts_with("diff --cc ") || line.starts_with("diff --combined ") ||
          line.starts_with("@@@ -")) {
        return fail(ErrorCode::unsupported,
                    "line {} of the diff: this is the combined diff of a merge; review one side of "
                    "it (git diff MERGE^1 MERGE)",
                    lines_.number());
      }
      if (take(line, "diff --git ")) {
        FATHOM_CHECK(parse_git_file(line));
      } else if (line.starts_with("--- ")) {
        FATHOM_CHECK(parse_plain_file());
      } else {
        lines_.next();
      }
    }
    return std::move(files_);
  }

 private:
  /// From "diff --git" to the end of the last hunk.
  Status parse_git_file(std::string_view names) {
    const int number = lines_.number();
    std::optional<Paths> paths = parse_git_header(names);
    lines_.next();
    FileDiff file;
    bool has_mode = false;
    bool has_name_lines = false;
    std::optional<std::string> renamed_from, renamed_to;
    while (!lines_.at_end()) {
      std::string_view line = lines_.peek();
      if (take(line, "rename from ")) {
        file.status = FileDiff::Status::renamed;
        renamed_from = parse_path(line);
      } else if (take(line, "copy from ")) {
        file.status = FileDiff::Status::copied;
        renamed_from = parse_path(line);
      } else if (take(line, "rename to ") || take(line, "copy to ")) {
        renamed_to = parse_path(line);
      } else if (line.starts_with("new file mode ")) {
        file.status = FileDiff::Status::added;
      } else if (line.starts_with("deleted file mode ")) {
        file.status = FileDiff::Status::deleted;
      } else if (line.starts_with("new mode ")) {
        has_mode = true;
      } else if (line.starts_with("Binary files ") || line == "GIT binary patch") {
        file.is_binary = true;
      } else if (line.starts_with("--- ")) {
        paths = parse_name_lines();
        has_name_lines = true;
        break;
      } else if (!line.starts_with("index ") && !line.starts_with("similarity index ") &&
                 !line.starts_with("dissimilarity index ") && !line.starts_with("old mode ")) {
        break;
      }
      lines_.next();
    }
    if (!has_name_lines && !file.is_binary && has_mode &&
        file.status == FileDiff::Status::modified) {
      file.status = FileDiff::Status::mode_changed;
    }
    if (renamed_from && renamed_to) {
      paths = Paths{"a/" + *renamed_from, "b/" + *renamed_to};
    }
    if (!paths) return fail_at(number, "the names of the file cannot be read");
    return add_file(std::move(file), *std::move(paths), number);
  }

  /// "--- X" and "+++ Y" without a header of git. Not the begin of a file if the second is missing.
  Status parse_plain_file() {
    const int number = lines_.number();
    std::optional<Paths> paths = parse_name_lines();
    if (!paths) return {};
    if (!lines_.peek().starts_with("@@ -")) return {};
    return add_file(FileDiff{}, *std::move(paths), number);
  }

  std::optional<Paths> parse_name_lines() {
    const std::optional<std::string> before = parse_path(lines_.next().substr(4));
    if (!lines_.peek().starts_with("+++ ")) return std::nullopt;
    const std::optional<std::string> after = parse_path(lines_.next().substr(4));
    if (!before || !after) return std::nullopt;
    return Paths{*before, *after};
  }

  Status add_file(FileDiff file, Paths paths, int number) {
    strip_prefixes(paths);
    using Status = FileDiff::Status;
    if (paths.before == kNowhere) file.status = Status::added;
    if (paths.after == kNowhere) file.status = Status::deleted;
    if (file.status != Status::added) file.old_path = std::move(paths.before);
    if (file.status != Status::deleted) file.new_path = std::move(paths.after);
    for (const std::string& path : {file.old_path, file.new_path}) {
      const bool is_absent =
          path.empty() && (file.status == Status::added || file.status == Status::deleted);
      if (!is_absent && !is_inside(path)) {
        return fail_at(number,
                       fmt::format("'{}' is not a path inside a repository", to_valid_utf8(path)));
      }
    }
    while (lines_.peek().starts_with("@@ -")) FATHOM_CHECK(parse_hunk(file));
    files_.push_back(std::move(file));
    return {};
  }

  fathom::Status parse_hunk(FileDiff& file) {
    const int number = lines_.number();
    std::optional<Hunk> hunk = parse_hunk_header(lines_.next());
    if (!hunk) return fail_at(number, "the header of a hunk cannot be read");
    if (!file.hunks.empty() &&
        hunk->new_begin < file.hunks.back().new_begin + file.hunks.back().new_count) {
      return fail_at(number, "the hunk begins before the one above it ends");
    }
    int old_line = hunk->old_begin, new_line = hunk->new_begin;
    const int old_end = old_line + hunk->old_count, new_end = new_line + hunk->new_count;
    while (old_line < old_end || new_line < new_end) {
      const int at = lines_.number();
      if (lines_.at_end()) return fail_at(number, "the hunk is shorter than its header says");
      std::string_view text = lines_.next();
      // Mail programs take the blank from empty lines.
      const char sign = text.empty() ? ' ' : text.front();
      if (!text.empty()) text.remove_prefix(1);
      DiffLine line{.text = std::string(text)};
      if (sign == '\\' && !hunk->lines.empty()) {
        hunk->lines.back().has_newline = false;
        continue;
      }
      if (sign == ' ') {
        line.kind = DiffLine::Kind::context;
      } else if (sign == '+') {
        line.kind = DiffLine::Kind::added;
      } else if (sign == '-') {
        line.kind = DiffLine::Kind::removed;
      } else {
        return fail_at(at, "the hunk above is shorter than its header says");
      }
      const bool is_old = sign != '+', is_new = sign != '-';
      if ((is_old && old_line >= old_end) || (is_new && new_line >= new_end)) {
        return fail_at(at, "the hunk above has other lines than its header says");
      }
      if (is_old) line.old_line = old_line++;
      if (is_new) line.new_line = new_line++;
      hunk->lines.push_back(std::move(line));
    }
    if (lines_.peek().starts_with('\\') && !hunk->lines.empty()) {
      hunk->lines.back().has_newline = false;
      lines_.next();
    }
    file.hunks.push_back(*std::move(hunk));
    return {};
  }

  static tl::unexpected<Error> fail_at(int line, std::string_view what) {
    return fail(ErrorCode::invalid_argument, "line {} of the diff: {}", line, what);
  }

  LineReader lines_;
  std::vector<FileDiff> files_;
};

}  // namespace

Result<std::vector<FileDiff>> parse_diff(std::string_view text) { return Parser(text).parse(); }

bool fits_new_side(const FileDiff& diff, std::string_view text) {
  LineReader lines(text);
  for (const Hunk& hunk : diff.hunks) {
    for (const DiffLine& line : hunk.lines) {
      if (line.new_line == 0) continue;
      while (lines.number() < line.new_line && !lines.at_end()) lines.next();
      if (lines.at_end() || lines.number() != line.new_line || lines.next() != line.text) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace fathom::completion
