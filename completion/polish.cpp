#include "completion/polish.h"

#include <algorithm>

#include "completion/closers.h"
#include "completion/lines.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxLinesBelow = 8;
constexpr size_t kMinTellingBytes = 3;  // of words in a line; "}" and "end" tell nothing

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const size_t newline = text.find('\n');
    lines.push_back(text.substr(0, newline));
    if (newline == std::string_view::npos) return lines;
    text.remove_prefix(newline + 1);
  }
}

bool is_telling(std::string_view line) {
  const auto n = std::count_if(line.begin(), line.end(), is_word_byte);
  return n > static_cast<std::ptrdiff_t>(kMinTellingBytes);
}

/// `text` without the lines at its end, or from some line on, that follow the cursor already.
std::string_view without_lines_below(std::string_view text, const Surroundings& around) {
  if (around.below.empty()) return text;
  const std::vector<std::string_view> lines = split_lines(text);
  for (size_t i = 1; i < lines.size(); ++i) {
    if (is_blank(lines[i]) || trim_right(lines[i]) != around.below[0]) continue;
    const size_t begin = static_cast<size_t>(lines[i].data() - text.data());
    if (is_telling(lines[i])) return text.substr(0, begin);
    size_t n_same = 0;
    for (size_t j = i; j < lines.size() && n_same < around.below.size(); ++j, ++n_same) {
      if (trim_right(lines[j]) != around.below[n_same]) break;
    }
    if (i + n_same == lines.size()) return text.substr(0, begin);
  }
  return text;
}

bool is_closers(std::string_view rest) {
  return std::all_of(rest.begin(), rest.end(),
                     [](char byte) { return is_closer(byte) || byte == ';' || byte == ','; });
}

/// Several lines before closers: the closers are replaced, and written where they belong. False
/// if that cannot be.
bool join_lines(Suggestion& suggestion, const Surroundings& around) {
  const std::string_view rest = trim(around.rest);
  if (!is_closers(rest)) return false;
  const size_t n_retyped = retyped_closers(suggestion.text, rest);
  if (n_retyped > 0) {
    suggestion.text += rest.substr(n_retyped);
  } else if (suggestion.text.starts_with('\n') && unmatched_closers(suggestion.text).empty()) {
    // "{|}": the block is there, its closing bracket goes to a line of its own.
    const size_t indent = std::min(around.line.find_first_not_of(" \t"), around.line.size());
    suggestion.text += '\n';
    suggestion.text += around.line.substr(0, indent);
    suggestion.text += rest;
  } else {
    return false;
  }
  suggestion.replaced = around.rest.size();
  return true;
}

void fit_before_rest(Suggestion& suggestion, const Surroundings& around) {
  std::string& text = suggestion.text;
  const bool several_lines = text.find('\n') != std::string::npos;
  if (is_blank(around.rest)) {
    if (several_lines) suggestion.replaced = around.rest.size();
    return;
  }
  if (several_lines) {
    if (join_lines(suggestion, around)) return;
    text.resize(text.find('\n'));
    text.resize(trim_right(text).size());
    if (text.empty()) {
      suggestion.filtered_by = "mid_line";
      return;
    }
  }
  if (const size_t n = overlap(text, around.rest)) {
    text.resize(text.size() - n);
  } else {
    suggestion.replaced = retyped_closers(text, around.rest);
  }
}

}  // namespace

Surroundings surroundings_of(std::string_view text, size_t cursor) {
  Surroundings around;
  const size_t begin = line_start(text, cursor);
  const size_t end = line_end(text, cursor);
  around.line = text.substr(begin, cursor - begin);
  around.rest = text.substr(cursor, end - cursor);

  const std::string_view before = trim_right(text.substr(0, begin));
  around.above = before.substr(line_start(before, before.size()));
  size_t at = next_line(text, cursor);
  while (at < text.size() && around.below.size() < kMaxLinesBelow) {
    const std::string_view line = text.substr(at, line_end(text, at) - at);
    if (!is_blank(line)) around.below.push_back(trim_right(line));
    at = next_line(text, at);
  }
  return around;
}

Suggestion polish(std::string_view text, const Surroundings& around) {
  Suggestion suggestion;
  text = trim_right(without_lines_below(trim_right(text), around));
  if (text.empty()) return {.text = {}, .replaced = 0, .filtered_by = "empty"};

  std::string first_line(around.line);
  first_line += text.substr(0, text.find('\n'));
  if (is_telling(first_line) && is_blank(around.rest)) {
    const std::string_view line = trim_right(first_line);
    const bool same_below = !around.below.empty() && line == around.below[0];
    if (same_below) return {.text = {}, .replaced = 0, .filtered_by = "repeats_below"};
    // Someone who has begun to type the line above again may want it again.
    const bool same_above = is_blank(around.line) && line == around.above;
    if (same_above) return {.text = {}, .replaced = 0, .filtered_by = "repeats_above"};
  }

  suggestion.text = text;
  fit_before_rest(suggestion, around);
  suggestion.text.resize(trim_right(suggestion.text).size());
  if (suggestion.text.empty() && suggestion.filtered_by.empty()) suggestion.filtered_by = "empty";
  if (suggestion.text.empty()) suggestion.replaced = 0;
  return suggestion;
}

}  // namespace fathom::completion
