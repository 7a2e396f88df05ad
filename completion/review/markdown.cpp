#include "completion/review/markdown.h"

#include <algorithm>

#include <fmt/format.h>

#include "completion/lines.h"
#include "completion/review/visible.h"
#include "engine/base/text.h"

namespace fathom::completion {
namespace {

constexpr std::string_view kZeroWidthSpace = "\xe2\x80\x8b";

size_t longest_backtick_run(std::string_view text) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

/// Hosts look for mentions, references and addresses in the rendered text, where a backslash is
/// gone; a space of no width between the sign and the word stops them.
bool begins_reference(std::string_view text, size_t i) {
  const char next = i + 1 < text.size() ? text[i + 1] : ' ';
  if (std::string_view("@#!&%$~").find(text[i]) != std::string_view::npos)
    return is_word_byte(next) || next == '"' || next == '{';
  return (text[i] == ':' && next == '/') || (text[i] == '.' && text.substr(0, i).ends_with("www"));
}

}  // namespace

std::string markdown_text(std::string_view text, size_t max_bytes) {
  std::string visible = visible_lines(text);
  if (visible.size() > max_bytes) {
    visible.resize(whole_characters(std::string_view(visible).substr(0, max_bytes)));
    visible += " ...";
  }
  std::string result;
  for (size_t i = 0; i < visible.size(); ++i) {
    const char c = visible[i];
    if (c == '\n' || c == '\t') {
      result += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]()<>#+-!|&~$@").find(c) != std::string_view::npos)
      result += '\\';
    result += c;
    if (begins_reference(visible, i)) result += kZeroWidthSpace;
  }
  return result;
}

std::string inert_text(std::string_view text) {
  const std::string visible = visible_lines(text);
  std::string result;
  for (size_t i = 0; i < visible.size(); ++i) {
    const char c = visible[i];
    const char next = i + 1 < visible.size() ? visible[i + 1] : ' ';
    result += c == '\n' ? ' ' : c;
    const bool begins_tag = c == '<' && next != ' ';
    const bool begins_target = c == ']' && (next == '(' || next == '[' || next == ':');
    if (begins_tag || begins_target || begins_reference(visible, i)) result += kZeroWidthSpace;
  }
  return result;
}

std::string markdown_code(std::string_view text) {
  const std::string visible = visible_text(text);
  const std::string ticks(longest_backtick_run(visible) + 1, '`');
  // A space inside keeps backticks at the ends apart from the delimiters; renderers drop it.
  const std::string_view space = ticks.size() > 1 ? " " : "";
  return fmt::format("{}{}{}{}{}", ticks, space, visible, space, ticks);
}

std::string markdown_fence(std::string_view info, std::string_view content) {
  const std::string fence(std::max<size_t>(3, longest_backtick_run(content) + 1), '`');
  return fmt::format("{}{}\n{}{}", fence, info, content, fence);
}

}  // namespace fathom::completion
