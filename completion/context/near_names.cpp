#include "completion/context/near_names.h"

#include <algorithm>
#include <set>

#include "completion/lines.h"
#include "completion/workspace/terms.h"

namespace fathom::completion {
namespace {

constexpr int kLinesBefore = 40;
constexpr int kLinesBehind = 10;
constexpr size_t kMaxBytes = 8192;  // of either, where lines are long

constexpr float kHeaderWeight = 2;
constexpr float kBehindWeight = 1;

float weight_at(int lines_away) {
  if (lines_away == 0) return 4;
  if (lines_away <= 5) return 3;
  return lines_away <= 15 ? 2 : 1;
}

size_t begin_of_near(std::string_view text, size_t cursor) {
  size_t begin = line_start(text, cursor);
  for (int i = 0; i < kLinesBefore && begin > 0 && cursor - begin < kMaxBytes; ++i)
    begin = line_start(text, begin - 1);
  return begin;
}

size_t end_of_near(std::string_view text, size_t cursor) {
  size_t end = next_line(text, cursor);
  for (int i = 0; i < kLinesBehind && end < text.size() && end - cursor < kMaxBytes; ++i)
    end = next_line(text, end);
  return end;
}

}  // namespace

std::string_view near_text(std::string_view text, size_t cursor) {
  const size_t begin = begin_of_near(text, cursor);
  return text.substr(begin, end_of_near(text, cursor) - begin);
}

std::map<std::string, float, std::less<>> near_names(std::string_view text, size_t cursor,
                                                     std::string_view headers) {
  std::map<std::string, float, std::less<>> names;
  const auto add = [&](std::string_view name, float weight) {
    float& known = names.try_emplace(std::string(name), 0.0f).first->second;
    known = std::max(known, weight);
  };
  for_each_identifier(headers, [&](std::string_view name, size_t) { add(name, kHeaderWeight); });

  // Upwards, a line at a time: the nearest place decides.
  size_t end = cursor;
  const size_t first = begin_of_near(text, cursor);
  for (int away = 0;; ++away) {
    const size_t begin = std::max(line_start(text, end), first);
    for_each_identifier(text.substr(begin, end - begin),
                        [&](std::string_view name, size_t) { add(name, weight_at(away)); });
    if (begin <= first) break;
    end = begin - 1;
  }
  const std::string_view behind = text.substr(cursor, end_of_near(text, cursor) - cursor);
  for_each_identifier(behind, [&](std::string_view name, size_t) { add(name, kBehindWeight); });
  return names;
}

float share_of_lines_in(std::string_view text, std::string_view other) {
  const auto for_each_line = [](std::string_view lines, auto&& visit) {
    while (!lines.empty()) {
      const size_t newline = std::min(lines.find('\n'), lines.size());
      const std::string_view line = trim(lines.substr(0, newline));
      if (line.size() > 1) visit(line);  // a lone bracket is everywhere
      lines.remove_prefix(std::min(newline + 1, lines.size()));
    }
  };
  std::set<std::string_view> known;
  for_each_line(other, [&](std::string_view line) { known.insert(line); });
  int n = 0;
  int n_known = 0;
  for_each_line(text, [&](std::string_view line) {
    ++n;
    n_known += known.contains(line);
  });
  return n == 0 ? 0.0f : static_cast<float>(n_known) / static_cast<float>(n);
}

}  // namespace fathom::completion
