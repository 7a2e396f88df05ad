#include "completion/review/pack_parts.h"

#include <algorithm>
#include <climits>
#include <span>
#include <utility>

#include "engine/base/text.h"

namespace fathom::completion {
namespace {

// Of the declaration around a hunk.
constexpr int kLinesBefore = 24;
constexpr int kLinesBehind = 8;
// Of a part before, where a hunk is cut.
constexpr size_t kLinesAgain = 3;

using Lines = std::vector<ShownLine>;

bool has_added(const Lines& lines) {
  return std::ranges::any_of(lines, [](const ShownLine& l) { return l.is_added && l.is_in_hunk; });
}

class Packer final {
 public:
  Packer(const ChangedFile& file, const engine::Tokenizer& tokenizer, int max_tokens)
      : file_(file), tokenizer_(tokenizer), max_tokens_(max_tokens) {}

  /// `around`: the hunk's lines with those around it.
  void add(const Lines& hunk, Lines around) {
    std::erase_if(around, [&](const ShownLine& line) {
      return !line.is_in_hunk && line.number <= last_number_;
    });
    constexpr int kGapTokens = 8;  // of the "..." between two hunks
    const int cost = cost_of(around) + kGapTokens;
    if (used_ + cost > max_tokens_) flush();
    used_ += kGapTokens;
    if (cost <= max_tokens_) return append(around);
    if (cost_of(hunk) + kGapTokens <= max_tokens_) return append(hunk);
    for (const ShownLine& line : hunk) append_cut(line);
  }

  std::vector<PromptPart> finish() {
    flush();
    return std::move(parts_);
  }

 private:
  int cost_of(const ShownLine& line) const {
    return static_cast<int>(tokenizer_.encode(rendered(line)).size());
  }
  int cost_of(const Lines& lines) const {
    int cost = 0;
    for (const ShownLine& line : lines) cost += cost_of(line);
    return cost;
  }

  void append(const Lines& lines) {
    for (const ShownLine& line : lines) append(line);
  }
  void append(const ShownLine& line) {
    used_ += cost_of(line);
    if (line.number > 0) last_number_ = line.number;
    lines_.push_back(line);
  }

  /// Begins a new part where there is no room.
  void append_cut(ShownLine line) {
    if (cost_of(line) > max_tokens_ / 2) {
      // A token has at least a byte.
      const std::string_view begin = std::string_view(line.text).substr(0, max_tokens_ / 4);
      line.text = std::string(begin.substr(0, valid_prefix(begin)));
      line.is_cut = true;
    }
    if (used_ + cost_of(line) > max_tokens_) {
      Lines again(lines_.end() - static_cast<ptrdiff_t>(std::min(lines_.size(), kLinesAgain)),
                  lines_.end());
      flush();
      for (ShownLine& known : again) known.is_in_hunk = false;
      if (cost_of(again) <= max_tokens_ / 4) append(again);
    }
    append(line);
  }

  void flush() {
    if (has_added(lines_)) parts_.push_back({.file = &file_, .lines = lines_});
    lines_.clear();
    used_ = 0;
    last_number_ = 0;
  }

  const ChangedFile& file_;
  const engine::Tokenizer& tokenizer_;
  const int max_tokens_;
  std::vector<PromptPart> parts_;
  Lines lines_;  // of the part under way
  int used_ = 0;
  int last_number_ = 0;
};

Lines lines_around(const ChangedFile& file, LineRange range) {
  Lines lines;
  for (const ChangedFile::Line& line : file.lines(range)) {
    lines.push_back(
        {.number = line.number,
         .text = line.shown.substr(
             0, valid_prefix(std::string_view(line.shown).substr(0, kMaxShownLineBytes))),
         .is_added = line.is_added,
         .is_in_hunk = false,
         .is_cut = line.shown.size() > kMaxShownLineBytes});
  }
  return lines;
}

/// The hunk's lines, with those of the declaration that it is in, without those of its neighbours.
Lines with_scope(const ChangedFile& file, const Hunk& hunk, const Lines& shown, int previous_end,
                 int next_begin) {
  const ChangedFile::Scope scope = file.enclosing(hunk.new_begin);
  if (scope.name.empty()) return shown;
  const int end = hunk.new_begin + hunk.new_count;
  Lines lines = lines_around(
      file, {std::max({scope.lines.begin, hunk.new_begin - kLinesBefore, previous_end}),
             hunk.new_begin - 1});
  lines.insert(lines.end(), shown.begin(), shown.end());
  const Lines behind = lines_around(
      file, {end, std::min({scope.lines.end, end + kLinesBehind - 1, next_begin - 1})});
  lines.insert(lines.end(), behind.begin(), behind.end());
  return lines;
}

}  // namespace

std::vector<PromptPart> pack_parts(const ChangedFile& file, const SecretFinder& secrets,
                                   const engine::Tokenizer& tokenizer, int max_tokens) {
  Packer packer(file, tokenizer, max_tokens);
  const std::vector<Hunk>& hunks = file.diff().hunks;
  for (size_t i = 0; i < hunks.size(); ++i) {
    const Lines shown = shown_lines(hunks[i], file, secrets);
    if (!has_added(shown)) continue;
    const int previous_end = i > 0 ? hunks[i - 1].new_begin + hunks[i - 1].new_count : 1;
    const int next_begin = i + 1 < hunks.size() ? hunks[i + 1].new_begin : INT_MAX;
    packer.add(shown, with_scope(file, hunks[i], shown, previous_end, next_begin));
  }
  return packer.finish();
}

}  // namespace fathom::completion
