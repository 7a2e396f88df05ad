#include "completion/syntax/outline.h"

#include <algorithm>

#include "completion/lines.h"
#include "completion/syntax/brackets.h"
#include "completion/syntax/nodes.h"
#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

constexpr size_t kMaxItemBytes = 240;  // longer ones say more about themselves than about the file

class Collector final {
 public:
  Collector(const SyntaxTree& tree, size_t end) : tree_(tree), text_(tree.text()), end_(end) {}

  std::vector<OutlineItem> collect() {
    visit_children(ts_tree_root_node(tree_.tree()));
    return std::move(items_);
  }

 private:
  void visit_children(TSNode node) {
    TSTreeCursor cursor = ts_tree_cursor_new(node);
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      do {
        visit(ts_tree_cursor_current_node(&cursor));
      } while (ts_tree_cursor_goto_next_sibling(&cursor));
    }
    ts_tree_cursor_delete(&cursor);
  }

  void visit(TSNode node) {
    const Language& language = tree_.language();
    const size_t begin = ts_node_start_byte(node);
    if (!ts_node_is_named(node) || begin >= end_) return;
    const std::string_view kind = kind_of(node);
    const bool is_open = ts_node_end_byte(node) > end_;
    const TSNode body = ts_node_child_by_field_name(node, "body", 4);

    if (contains_word(language.imports, kind)) {
      add(OutlineItem::Kind::import, begin, ts_node_end_byte(node), "");
    } else if (is_open) {
      const bool is_scope = contains_word(language.declarations, kind) && !ts_node_is_null(body) &&
                            ts_node_start_byte(body) < end_;
      if (is_scope) add_header(OutlineItem::Kind::scope, begin, body);
      if (++depth_ < kMaxDepth) visit_children(node);
      --depth_;
    } else if (contains_word(language.declarations, kind)) {
      if (ts_node_is_null(body)) {
        add(OutlineItem::Kind::declaration, begin, ts_node_end_byte(node), "");
      } else {
        add_header(OutlineItem::Kind::declaration, begin, body);
      }
    } else if (contains_word(language.wrappers, kind)) {
      visit_children(node);
    }
  }

  /// The declaration up to its body; of an open scope with the token that opens it.
  void add_header(OutlineItem::Kind kind, size_t begin, TSNode body) {
    const size_t body_begin = ts_node_start_byte(body);
    const bool is_scope = kind == OutlineItem::Kind::scope;
    const bool keeps_brace = is_scope && text_[body_begin] == '{';
    add(kind, begin, body_begin + (keeps_brace ? 1 : 0),
        is_scope ? std::string_view() : tree_.language().elided_body);
  }

  void add(OutlineItem::Kind kind, size_t begin, size_t end, std::string_view behind) {
    const size_t start = line_start(text_, begin);
    if (is_blank(text_.substr(start, begin - start))) begin = start;
    end = begin + trim_right(text_.substr(begin, end - begin)).size();
    if (end <= begin || end - begin > kMaxItemBytes) return;
    std::string item = to_lf(text_.substr(begin, end - begin));
    item += behind;
    item += '\n';
    items_.push_back({.kind = kind, .begin = begin, .end = end, .text = std::move(item)});
  }

  static constexpr int kMaxDepth = 64;  // of nested code; hostile input nests without end

  const SyntaxTree& tree_;
  const std::string_view text_;
  const size_t end_;
  int depth_ = 0;
  std::vector<OutlineItem> items_;
};

}  // namespace

const std::vector<OutlineItem>& Outliner::outline(std::string_view head,
                                                  std::string_view next_indent) {
  if (head == head_ && next_indent == next_indent_) return items_;
  head_ = head;
  next_indent_ = next_indent;
  items_.clear();
  if (!tree_.update(head)) return items_;
  // With brackets closed and a statement in the open block, the open scopes are nodes that reach
  // behind the end of `head`.
  const std::string behind = tree_.language().indented_blocks
                                 ? next_indent_ + "_\n" + missing_closers(tree_)
                                 : missing_closers(tree_);
  if (!behind.empty() && !tree_.update(head_ + behind)) return items_;
  items_ = Collector(tree_, trim_right(head).size()).collect();
  return items_;
}

}  // namespace fathom::completion
