#include "editors/cli/defect_data.h"

#include <set>

#include <nlohmann/json.hpp>

#include "completion/review/read_report.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{256} << 20;

/// `add(object)` for each line; false: the line is not what it should be.
template <class Add>
Status for_each_line(const std::filesystem::path& path, std::string_view expected, Add add) {
  FATHOM_TRY(text, read_text_file(path.string(), kMaxBytes));
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.empty()) continue;
    const Json object = Json::parse(line, nullptr, false);
    if (!object.is_object() || !add(object))
      return fail(ErrorCode::corrupt, "{}, line {}: not {}", path.string(), number, expected);
  }
  return {};
}

bool read_text(const Json& object, const char* name, std::string& text) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return false;
  text = member->get<std::string>();
  return true;
}

bool read_defects(const Json& object, std::vector<completion::LineRange>& defects) {
  const auto list = object.find("defects");
  if (list == object.end() || !list->is_array()) return false;
  for (const Json& lines : *list) {
    const auto line = [&](const char* name) {
      const bool is_there = lines.is_object() && lines.contains(name);
      const Json value = is_there ? lines.at(name) : Json();
      return value.is_number_integer() ? value.get<int>() : 0;
    };
    const completion::LineRange range{line("begin"), line("end")};
    if (range.begin < 1 || range.end < range.begin) return false;
    defects.push_back(range);
  }
  return true;
}

}  // namespace

Result<std::vector<DefectTask>> read_defect_tasks(const std::filesystem::path& path) {
  std::vector<DefectTask> tasks;
  std::set<std::string> ids;
  FATHOM_CHECK(for_each_line(
      path, "a change with id, language, kind, path, text, diff and defects",
      [&](const Json& json) {
        DefectTask task;
        if (!read_text(json, "id", task.id) || !read_text(json, "language", task.language) ||
            !read_text(json, "kind", task.kind) || !read_text(json, "path", task.path) ||
            !read_text(json, "text", task.text) || !read_text(json, "diff", task.diff) ||
            !read_defects(json, task.defects) || !ids.insert(task.id).second)
          return false;
        tasks.push_back(std::move(task));
        return true;
      }));
  if (tasks.empty())
    return fail(ErrorCode::corrupt, "{}: there are no changes in it", path.string());
  return tasks;
}

Result<std::map<std::string, completion::ReviewReport>> read_reviews(
    const std::filesystem::path& path) {
  std::map<std::string, completion::ReviewReport> reviews;
  FATHOM_CHECK(for_each_line(path, "an id and a report of fathom review", [&](const Json& json) {
    std::string id;
    if (!read_text(json, "id", id) || !json.contains("report")) return false;
    Result<completion::ReviewReport> report = completion::read_report(json.at("report").dump());
    return report && reviews.emplace(id, std::move(*report)).second;
  }));
  return reviews;
}

}  // namespace fathom::cli
