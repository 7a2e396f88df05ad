#include "completion/decide.h"

#include <algorithm>

#include "completion/lines.h"
#include "completion/privacy/secret_files.h"

namespace fathom::completion {
namespace {

constexpr std::ptrdiff_t kMaxBehindCursor = 8;  // as llama.vim; closers are not counted

}  // namespace

std::string_view forbidden_by(const Snapshot& snapshot, size_t cursor, Trigger trigger) {
  if (is_secret_file(snapshot.path) || is_secret_file(snapshot.uri)) return "secret_file";
  const std::string_view text = snapshot.text;
  const bool in_line_end =
      cursor > 0 && cursor < text.size() && text[cursor - 1] == '\r' && text[cursor] == '\n';
  if (in_line_end) return "position";
  if (trigger == Trigger::invoked) return {};

  const std::string_view rest = text.substr(cursor, line_end(text, cursor) - cursor);
  if (!rest.empty() && is_word_byte(rest[0]) && cursor > 0 && is_word_byte(text[cursor - 1])) {
    return "mid_word";
  }
  const auto n_behind = std::count_if(rest.begin(), rest.end(), [](char byte) {
    return !is_closer(byte) && byte != ' ' && byte != '\t' && byte != ';' && byte != ',';
  });
  return n_behind > kMaxBehindCursor ? "mid_line" : std::string_view();
}

}  // namespace fathom::completion
