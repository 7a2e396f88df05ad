#include "completion/assist_task.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "completion/code_block.h"
#include "completion/lines.h"

namespace fathom::completion {
namespace {

std::vector<std::string_view> lines_in(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t") + 1 - first);
}

/// White space that every line with text begins with.
std::string_view common_indent(const std::vector<std::string_view>& lines) {
  std::optional<std::string_view> common;
  for (const std::string_view line : lines) {
    if (trimmed(line).empty()) continue;
    const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
    if (!common) common = indent;
    const auto differ = std::mismatch(common->begin(), common->end(), indent.begin(), indent.end());
    common = common->substr(0, static_cast<size_t>(differ.first - common->begin()));
  }
  return common.value_or(std::string_view());
}

/// Models often forget the indentation of the whole.
std::string indented_as(const std::vector<std::string_view>& original,
                        const std::vector<std::string_view>& lines) {
  const std::string_view wanted = common_indent(original);
  const size_t present = common_indent(lines).size();
  std::string text;
  for (const std::string_view line : lines) {
    if (!trimmed(line).empty()) text.append(wanted).append(line.substr(present));
    text += '\n';
  }
  return text;
}

/// Whether all lines with text of `before` are in `after`, in their order.
bool only_adds(const std::vector<std::string_view>& before,
               const std::vector<std::string_view>& after) {
  auto next = after.begin();
  for (const std::string_view line : before) {
    if (trimmed(line).empty()) continue;
    next = std::find_if(next, after.end(), [line](std::string_view candidate) {
      return trimmed(candidate) == trimmed(line);
    });
    if (next == after.end()) return false;
    ++next;
  }
  return true;
}

struct TestName {
  std::string_view extension;
  std::string_view before;  // the stem
  std::string_view after;
};

constexpr TestName kTestNames[] = {
    {.extension = ".py", .before = "test_", .after = ""},
    {.extension = ".java", .before = "", .after = "Test"},
    {.extension = ".kt", .before = "", .after = "Test"},
    {.extension = ".cs", .before = "", .after = "Tests"},
    {.extension = ".swift", .before = "", .after = "Tests"},
    {.extension = ".scala", .before = "", .after = "Test"},
    {.extension = ".php", .before = "", .after = "Test"},
    {.extension = ".js", .before = "", .after = ".test"},
    {.extension = ".jsx", .before = "", .after = ".test"},
    {.extension = ".ts", .before = "", .after = ".test"},
    {.extension = ".tsx", .before = "", .after = ".test"},
};
constexpr TestName kOtherTestName = {.extension = "", .before = "", .after = "_test"};

}  // namespace

std::string question_of(AssistTask task, std::string_view details) {
  switch (task) {
    case AssistTask::explain:
    case AssistTask::ask:
      return std::string(details);
    case AssistTask::find_bugs:
      return "Find the bugs in this code. For each, name the line, what goes wrong, and how to fix "
             "it. If there are none, say so.";
    case AssistTask::document:
      return "Write a documentation comment for this code, as is usual in its language. Answer "
             "with "
             "one code block that holds the whole code with the comment and no other change.";
    case AssistTask::write_tests:
      return "Write unit tests for this code with the usual test framework of its language. Answer "
             "with one code block that holds the whole test file.";
    case AssistTask::fix:
      return fmt::format(
          "This code has a problem: {}\nFix it. Answer with one code block that holds the whole "
          "code, corrected and otherwise unchanged.",
          details);
  }
  return {};
}

Result<std::string> replacement_of(AssistTask task, std::string_view original,
                                   std::string_view answer) {
  const std::optional<std::string> block = code_block(answer);
  if (!block) return fail(ErrorCode::invalid_argument, "the answer holds no whole block of code");
  const std::vector<std::string_view> before = lines_in(original);
  const std::vector<std::string_view> after = lines_in(*block);
  std::string text = indented_as(before, after);
  if (!original.ends_with('\n') && text.ends_with('\n')) text.pop_back();
  if (text == to_lf(original))
    return fail(ErrorCode::invalid_argument, "the answer is the code as it was");
  if (task == AssistTask::document && !only_adds(before, after))
    return fail(ErrorCode::invalid_argument,
                "the answer changes the code, and was asked for a comment only");
  return text;
}

std::string test_file_name(std::string_view file_name) {
  const size_t dot = file_name.rfind('.');
  const std::string_view extension =
      dot == std::string_view::npos ? std::string_view() : file_name.substr(dot);
  const std::string_view stem = file_name.substr(0, file_name.size() - extension.size());
  const auto* name = std::ranges::find(kTestNames, extension, &TestName::extension);
  const TestName& rule = name == std::end(kTestNames) ? kOtherTestName : *name;
  return fmt::format("{}{}{}{}", rule.before, stem, rule.after, extension);
}

}  // namespace fathom::completion
