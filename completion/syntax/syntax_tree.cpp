#include "completion/syntax/syntax_tree.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>

#include <tree_sitter/api.h>

#include "engine/base/system.h"

namespace fathom::completion {
namespace {

// Of the processor: what a text is must not depend on what else the machine does. A 1 MiB file
// takes up to 200 ms the first time; what takes longer is not code.
constexpr std::chrono::nanoseconds kMaxParseTime = std::chrono::milliseconds(250);

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + n, b.begin()).first - a.begin());
}

size_t common_suffix(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.rbegin(), a.rbegin() + n, b.rbegin()).first -
                             a.rbegin());
}

TSPoint point_of(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto row = std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<uint32_t>(row), static_cast<uint32_t>(offset - line_start)};
}

/// The one edit that turns `before` into `after`.
TSInputEdit edit_between(std::string_view before, std::string_view after) {
  const size_t start = common_prefix(before, after);
  const size_t kept = common_suffix(before.substr(start), after.substr(start));
  const size_t old_end = before.size() - kept;
  const size_t new_end = after.size() - kept;
  return {.start_byte = static_cast<uint32_t>(start),
          .old_end_byte = static_cast<uint32_t>(old_end),
          .new_end_byte = static_cast<uint32_t>(new_end),
          .start_point = point_of(before, start),
          .old_end_point = point_of(before, old_end),
          .new_end_point = point_of(after, new_end)};
}

const char* read_text(void* payload, uint32_t offset, TSPoint, uint32_t* n_bytes) {
  const auto& text = *static_cast<const std::string_view*>(payload);
  if (offset >= text.size()) {
    *n_bytes = 0;
    return "";
  }
  *n_bytes = static_cast<uint32_t>(text.size() - offset);
  return text.data() + offset;
}

bool is_late(TSParseState* state) {
  return thread_cpu_time() > *static_cast<const std::chrono::nanoseconds*>(state->payload);
}

struct DeleteParser {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};

}  // namespace

SyntaxTree::SyntaxTree(const Language& language) : language_(language) {}
SyntaxTree::~SyntaxTree() = default;

void SyntaxTree::DeleteTree::operator()(TSTree* tree) const { ts_tree_delete(tree); }

bool SyntaxTree::update(std::string_view text) {
  if (tree_ && text == text_) return true;
  const bool was_too_slow = too_slow_bytes_ > 0 && text.size() > too_slow_bytes_ / 2;
  if (text.size() > kMaxBytes || was_too_slow) {
    forget();
    return false;
  }
  if (tree_) {
    const TSInputEdit edit = edit_between(text_, text);
    ts_tree_edit(tree_.get(), &edit);
  }

  const std::unique_ptr<TSParser, DeleteParser> parser(ts_parser_new());
  ts_parser_set_language(parser.get(), language_.grammar());
  std::chrono::nanoseconds deadline = thread_cpu_time() + kMaxParseTime;
  TSTree* tree = ts_parser_parse_with_options(
      parser.get(), tree_.get(),
      {.payload = &text, .read = read_text, .encoding = TSInputEncodingUTF8, .decode = nullptr},
      {.payload = &deadline, .progress_callback = is_late});
  if (!tree) {
    too_slow_bytes_ = text.size();
    forget();
    return false;
  }
  tree_.reset(tree);
  text_ = text;
  return true;
}

std::unique_ptr<SyntaxTree> SyntaxTree::copy() const {
  auto other = std::make_unique<SyntaxTree>(language_);
  other->text_ = text_;
  if (tree_) other->tree_.reset(ts_tree_copy(tree_.get()));
  other->too_slow_bytes_ = too_slow_bytes_;
  return other;
}

bool SyntaxTree::has_errors() const {
  return tree_ && ts_node_has_error(ts_tree_root_node(tree_.get()));
}

void SyntaxTree::forget() {
  tree_.reset();
  text_.clear();
}

}  // namespace fathom::completion
