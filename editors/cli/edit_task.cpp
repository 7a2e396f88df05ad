#include "editors/cli/edit_task.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace fathom::cli {
namespace {

constexpr size_t kLongName = 6;   // shorter ones are mostly keywords
constexpr size_t kKnownRows = 4;  // of a table, before the model goes on
constexpr size_t kMinRows = 8;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Calls `visit(begin, end)` for each word of the text.
template <class Visit>
void for_each_word(std::string_view text, const Visit& visit) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end - begin >= kLongName) visit(begin, end);
    begin = std::max(end, begin + 1);
  }
}

std::string rename_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  size_t copied = 0;
  for_each_word(text, [&](size_t begin, size_t end) {
    if (text.substr(begin, end - begin) != from) return;
    result.append(text.substr(copied, begin - copied)).append(to);
    copied = end;
  });
  return result.append(text.substr(copied));
}

}  // namespace

std::vector<EditTask> edit_tasks(std::string_view source) {
  std::map<std::string_view, int> counts;
  std::vector<std::string_view> names;  // in order of appearance
  for_each_word(source, [&](size_t begin, size_t end) {
    const std::string_view name = source.substr(begin, end - begin);
    if (++counts[name] == 1) names.push_back(name);
  });

  std::vector<EditTask> tasks;
  if (!names.empty()) {
    const std::string_view name =
        *std::ranges::max_element(names, {}, [&](std::string_view each) { return counts[each]; });
    tasks.push_back({"rename", fmt::format("{}\n// With another name:\n", source),
                     rename_all(source, name, fmt::format("{}_entry", name))});
  }
  if (names.size() >= kMinRows) {
    EditTask table{"repetition", "const std::map<std::string, Kind> kinds = {\n", "};\n"};
    std::string rows;
    for (size_t i = 0; i < names.size(); ++i) {
      (i < kKnownRows ? table.prompt : rows) +=
          fmt::format("    {{\"{0}\", Kind::{0}}},\n", names[i]);
    }
    table.answer = rows + table.answer;
    tasks.push_back(std::move(table));
  }
  const size_t middle = source.find('\n', source.size() / 2);
  if (middle < source.size() - 1) {
    tasks.push_back({"new code", std::string(source.substr(0, middle + 1)),
                     std::string(source.substr(middle + 1))});
  }
  return tasks;
}

}  // namespace fathom::cli
