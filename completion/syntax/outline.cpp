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
    for_each_child(node, [this](TSNode child) { visit(child); });
  }

  void visit(TSNode node) {
    const Language& language = tree_.language();
    if (!ts_node_is_named(node) || ts_node_start_byte(node) >= end_) return;
    const std::string_view kind = kind_of(node);
    const bool is_open = ts_node_end_byte(node) > end_;
    if (in_function_ && !is_open) return;

    const bool is_decoration = contains_word(language.decorations, kind);
    const bool is_declaration = contains_word(language.declarations, kind);
    const size_t outer_begin = decoration_begin_;
    if (is_decoration) decoration_begin_ = std::min(decoration_begin_, begin_of(node));
    if (is_declaration) add_declaration(node, is_open);

    if (contains_word(language.imports, kind)) {
      add(OutlineItem::Kind::import, begin_of(node), ts_node_end_byte(node), "");
    } else if (is_open) {
      visit_inside(node, kind);
    } else if (is_decoration || contains_word(language.wrappers, kind)) {
      visit_children(node);
    }
    decoration_begin_ = outer_begin;
  }

  void visit_inside(TSNode open, std::string_view kind) {
    const Language& language = tree_.language();
    const bool was_in_function = in_function_;
    if (contains_word(language.functions, kind)) in_function_ = true;
    if (!contains_word(language.decorations, kind)) decoration_begin_ = kNone;
    if (++depth_ < kMaxDepth) visit_children(open);
    --depth_;
    in_function_ = was_in_function;
  }

  void add_declaration(TSNode node, bool is_open) {
    const size_t begin = std::min(decoration_begin_, begin_of(node));
    const TSNode body = body_of(node);
    if (ts_node_is_null(body)) {
      if (!is_open) add(OutlineItem::Kind::declaration, begin, ts_node_end_byte(node), "");
    } else if (!is_open) {
      add(OutlineItem::Kind::declaration, begin, begin_of(body), tree_.language().elided_body);
    } else if (begin_of(body) < end_) {
      const bool has_brace = text_[begin_of(body)] == '{';
      add(OutlineItem::Kind::scope, begin, begin_of(body) + (has_brace ? 1 : 0), "");
    }
  }

  /// Null if the declaration has none.
  TSNode body_of(TSNode declaration) const {
    const std::string_view kinds = tree_.language().bodies;
    if (kinds.empty()) return ts_node_child_by_field_name(declaration, "body", 4);
    const uint32_t n = ts_node_named_child_count(declaration);
    const TSNode last = n == 0 ? TSNode{} : ts_node_named_child(declaration, n - 1);
    return n > 0 && contains_word(kinds, kind_of(last)) ? last : TSNode{};
  }

  static size_t begin_of(TSNode node) { return ts_node_start_byte(node); }

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
  static constexpr size_t kNone = std::string::npos;

  const SyntaxTree& tree_;
  const std::string_view text_;
  const size_t end_;
  int depth_ = 0;
  bool in_function_ = false;         // only what is open there matters
  size_t decoration_begin_ = kNone;  // of the decorations around the node at hand
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
